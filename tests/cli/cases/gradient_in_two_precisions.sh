#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
for precision in f32 f64; do
  vitrail gradient "$DATA/tiny.onnx" --input "$DATA/squares.png" --of logits:0 --precision $precision --json
done | python3 -c '
import json, sys
text, decoder = sys.stdin.read().strip(), json.JSONDecoder()
single, end = decoder.raw_decode(text)
double = json.loads(text[end:])
a, b = single["tensors"][0], double["tensors"][0]
print(a["type"], b["type"], all(abs(a[k] - b[k]) <= 1e-6 * max(abs(b["min"]), abs(b["max"])) for k in ("min", "mean", "max")))'
