#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain "$DATA/squares.png" --regions grid:4x4 --out e > /dev/null &&
vitrail evaluate "$DATA/squares.png" --explanation e --metric insertion --protocol lima --json > m.json &&
python3 - <<'END'
import json
told, measured = json.load(open("e/explanation.json")), json.load(open("m.json"))
print(abs(told["data"]["insertion"]["auc"] - measured["value"]) < 1e-6, measured["protocol"], len(measured["scores"]) == len(measured["areas"]))
END
