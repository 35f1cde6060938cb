#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sets up the peers in a throw-away environment and compares: bench/run.sh BUILD [--gradient] [MODEL.onnx …]
# Speed of generated worlds, without peers: bench/run.sh BUILD --worlds [THREADS [COUNT]]
set -eu
build=$1
shift
if [ "${1:-}" = --worlds ]; then
  shift
  exec sh bench/worlds.sh "$build/src/cli/vitrail" "$@"
fi
what=forward needs="numpy onnxruntime"
if [ "${1:-}" = --gradient ]; then
  what=gradient needs="numpy onnx torch"
  shift
fi
[ $# -gt 0 ] || set -- models/efficientnet_lite0.onnx
peers=${VITRAIL_PEERS:-$build/peers}
[ -x "$peers/bin/python" ] || python3 -m venv "$peers"
for package in $needs; do
  "$peers/bin/python" -c "import $package" 2>/dev/null || "$peers/bin/pip" install --quiet "$package"
done
exec "$peers/bin/python" "bench/$what.py" "$build/src/cli/vitrail" "$@"
