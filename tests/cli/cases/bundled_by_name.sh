#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# "bundled" names it wherever a model is named, whatever other model there is
vitrail inspect bundled | head -n 1
vitrail world scenes/object --split test --count 1 --out w --quiet > /dev/null
vitrail trace bundled --input w/images/000000.png --read pooled
vitrail explain w/images/000000.png --model bundled --regions grid:4x4 --out out > /dev/null
vitrail evaluate w/images/000000.png --model bundled --explanation out
VITRAIL_MODEL=bundled vitrail evaluate w/images/000000.png --explanation out --json |
  python3 -c 'import json, sys; meta = json.load(sys.stdin)["meta"]; print(meta["model"], len(meta["warnings"]))'
vitrail evaluate "$DATA/squares.png" --map "$DATA/missing.npy" --model "$DATA/tiny.onnx" --json 2> /dev/null
vitrail explain --help | grep -A1 'installed data folder; when there is none'
