#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain "$DATA/squares.png" --regions grid:4x4 --out e > /dev/null &&
vitrail evaluate "$DATA/squares.png" --explanation e --metric average-highest-confidence --protocol lima --json > m.json &&
python3 - <<'END'
import json
extra = json.load(open("m.json"))["extra"]
print(list(extra), extra["25"] <= extra["50"] <= extra["75"] <= extra["100"])
END
