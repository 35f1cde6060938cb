#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sets up the peers in a throw-away environment and compares: bench/run.sh BUILD [--gradient] [MODEL.onnx …]
# Training steps of small networks against PyTorch: bench/run.sh BUILD --train [MODEL …]
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
elif [ "${1:-}" = --train ]; then
  what=train needs="numpy torch"
  shift
fi
[ $# -gt 0 ] || [ $what = train ] || set -- models/efficientnet_lite0.onnx
peers=${VITRAIL_PEERS:-$build/peers}
[ -x "$peers/bin/python" ] || python3 -m venv "$peers"
for package in $needs; do
  "$peers/bin/python" -c "import $package" 2>/dev/null || "$peers/bin/pip" install --quiet "$package"
done
program=$build/src/cli/vitrail
[ $what != train ] || program=$build/bench/train
exec "$peers/bin/python" "bench/$what.py" "$program" "$@"
