#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# silencing the features leaves the bias, whatever else is done to them first or after
vitrail trace "$DATA/tiny.onnx" --input "$DATA/squares.png" --scale features=3 --zero features --json |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["tensors"])'
vitrail trace "$DATA/tiny.onnx" --input "$DATA/squares.png" --zero logits --scale logits=5 --read logits
