#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# why green and not red, in every form of the option and in the JSON; a contrast means the margin
vitrail explain "$DATA/squares.png" --regions grid:4x4 --class green --not red --out g | head -n 1
vitrail explain "$DATA/squares.png" --regions grid:2x2 --target 1 --contrast 0 --score margin --json -q |
  python3 -c 'import json, sys; d = json.load(sys.stdin); t = d["data"]["target"]; print(t["score_kind"], t["index"], t["contrast"]["name"], t["text_form"], d["meta"]["parameters"]["class_score"])'
vitrail explain "$DATA/squares.png" --regions grid:2x2 --class green --score margin --json -q |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["target"]["text_form"])'
grep -c 'Why green (class 1) and not red (class 0)' g/report.html
