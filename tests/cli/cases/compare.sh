#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One bad picture among good ones; the second run has nothing to do; one more metric is one more row for each method.
mkdir pictures masks
cp "$DATA/squares.png" pictures/a.png
cp "$DATA/squares.png" pictures/c.png
echo "no picture" >pictures/b.png
cp "$DATA/squares.png" masks/a.png
compare() {
  vitrail compare --images pictures --methods 'feature-ablation,r=random,grad-cam@nothing' "$@" 2>&1 | head -1
  vitrail compare --images pictures --methods 'feature-ablation,r=random,oracle' --regions grid:3x3 --truth masks --out out "$@" \
    >table 2>errors || echo "exit $?"
  head -1 table
}
compare --metrics insertion@lima,pointing-game
grep -c . errors
compare --metrics insertion@lima,pointing-game
compare --metrics insertion@lima,pointing-game,deletion@lima --granularity equal
sed -n '3,8p' table | cut -c1-90
ls out
python3 - <<'END'
import json, sqlite3
rows = [json.loads(line) for line in open("out/rows.jsonl")]
assert len({row["key"] for row in rows}) == len(rows)
print([row["picture"] for row in rows if row["kind"] == "picture" and "error" in row])
# a picture without a mask has no figure of localisation, and says why
print({row["note"] for row in rows if row.get("metric") == "pointing-game" and row["picture"] == "c" and "note" in row})
summary = json.load(open("out/summary.json"))
print(summary["pictures"], [m["calls"] for m in summary["methods"]])
print(sqlite3.connect("out/rows.sqlite").execute("select count(*) from measures").fetchone()[0])
END
vitrail compare --images pictures --methods random --fill mean --out out 2>&1 | tail -1
