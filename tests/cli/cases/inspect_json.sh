#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail inspect "$DATA/tiny.onnx" --json | python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["parameters"], d["operators"]["Conv"], d["inputs"][0]["shape"], d["outputs"][0]["name"])'
