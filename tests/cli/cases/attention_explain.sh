#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# a vision transformer with a class token, 4 × 4 patches: maps at the size of the picture and of the grid
MODEL="$DATA/../../attribution/data/tiny_vit.onnx"
for method in attention-rollout gradient-rollout grad-eclip vit-cx; do
  vitrail explain "$DATA/squares.png" --model "$MODEL" --method $method --regions grid:2x2 --out $method >/dev/null
done
python3 - <<'END'
import json
for method in ("attention-rollout", "gradient-rollout", "grad-eclip", "vit-cx"):
    with open(method + "/explanation.json") as file:
        found = json.load(file)
    native = found["data"]["map"]["native"]
    parameters = found["meta"]["parameters"]
    print(method, native["shape"], native["tensor"], parameters.get("row_shown"), "masks" in parameters)
END
