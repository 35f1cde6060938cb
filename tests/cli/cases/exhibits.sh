#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Composites: the rectangle of the mask is what was put there; the model still answers as it did. Scenes: parts that decide.
mkdir photos textures
cp "$DATA/squares.png" photos
cp "$DATA/squares.png" textures
vitrail exhibits composites --images photos --textures textures --side 8 --count 2 --tries 200 --out composites 2>&1 | head -1
python3 - <<'END'
import csv
rows = list(csv.DictReader(open("composites/labels.csv")))
print(len(rows), sorted(rows[0]), rows[0]["source"].split(" at ")[0])
END
ls composites
vitrail exhibits scenes/object --model bundled --count 2 --out scenes --quiet
head -1 scenes/labels.csv
vitrail compare --images scenes/labels.csv --truth scenes/masks --model bundled --methods oracle,random --metrics pointing-game,region-purity --out out --quiet --json |
  python3 -c 'import json, sys; print([c["mean"] for c in json.load(sys.stdin)["cells"] if c["method"] == "oracle" and c["metric"] == "pointing-game" and c["granularity"] == "as-it-is"])'
vitrail exhibits composites --out composites2 2>&1
vitrail exhibits composites --images photos --textures textures --side 9000 --out composites2 2>&1 | tail -1
vitrail exhibits scenes/objec --model bundled --out scenes2 2>&1 | tail -1
ls
