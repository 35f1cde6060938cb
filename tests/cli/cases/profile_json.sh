#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail profile "$DATA/tiny.onnx" --batch 4 --runs 3 --json | python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["batch"], d["runs"], d["ms_per_item"] > 0, abs(d["ms_per_item"] * 4 - d["ms"]) < 1e-6 * d["ms"] + 1e-9)'
