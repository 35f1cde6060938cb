#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The official form goes out and comes back as the same order: the same curve, whichever is judged.
vitrail explain "$DATA/squares.png" --regions grid:4x4 --official --out e > /dev/null &&
vitrail evaluate "$DATA/squares.png" --explanation e --json > ours.json &&
vitrail evaluate "$DATA/squares.png" --explanation e/npy/squares.npy --json > official.json &&
python3 - <<'END'
import json
ours, official = json.load(open("ours.json")), json.load(open("official.json"))
print(ours["scores"] == official["scores"], len(ours["scores"]))
END
