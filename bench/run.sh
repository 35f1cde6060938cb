#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sets up the peers in a throw-away environment and compares: bench/run.sh BUILD [MODEL.onnx …]
set -eu
build=$1
shift
[ $# -gt 0 ] || set -- models/efficientnet_lite0.onnx
peers=${VITRAIL_PEERS:-$build/peers}
if [ ! -x "$peers/bin/python" ]; then
  python3 -m venv "$peers"
  "$peers/bin/pip" install --quiet numpy onnxruntime
fi
exec "$peers/bin/python" bench/forward.py "$build/src/cli/vitrail" "$@"
