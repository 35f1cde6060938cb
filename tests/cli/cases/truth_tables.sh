#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two scenes, a method that is quick: tables, everything measured, a picture; nothing is worth less than what decides nothing.
root=$(dirname "$DATA")/../..
vitrail truth scenes/object --model "$root/share/models/scene_classifier.onnx" --methods grad-cam --count 2 --seeds 1 --out t > t.txt &&
ls t && grep -c "^Method" t.txt && python3 - <<'END'
import json
told = json.load(open("t/result.json"))
effects = told["effects"]
print(told["complete"], told["scenes"], [arm["title"] for arm in told["methods"]])
print(effects["body"]["logit_size"] > 3 * effects["scrap"]["logit_size"])
print(len(told["rows"]) == 2 * len(told["methods"]), round(told["methods"][-1]["values"]["part_correlation_sum"]["mean"], 6))
tables = [block.split("\n") for block in open("t/tables.md").read().split("\n\n") if block.startswith("|")]
print(len(tables), all(len({row.count("|") for row in rows if row}) == 1 for rows in tables))
END
