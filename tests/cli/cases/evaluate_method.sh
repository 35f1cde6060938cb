#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The map is made on the way; a metric that asks the method again says so, and its settings travel with the figure.
for seed in 1 1; do
  vitrail evaluate "$DATA/squares.png" --method input-x-gradient --metric max-sensitivity --set samples=3 --seed $seed --json |
    python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["metric"]["id"], d["settings"], d["meta"]["method"], d["extra"]["explanations"]); open(sys.argv[1], "a").write("%r\n" % d["value"])' values
done
uniq values | grep -c .
vitrail evaluate "$DATA/squares.png" --method lima --method-set quiet=1 2>&1
vitrail evaluate "$DATA/squares.png" --method lima --regions grid:2x2 --metric mufidelity --set grid=2 --set samples=16 | sed 's/MuFidelity .* (/MuFidelity (/' | grep -E "MuFidelity|settings|calls"
vitrail evaluate "$DATA/squares.png" --map no.npy --metric mprt 2>&1
vitrail evaluate "$DATA/squares.png" --map no.npy --metric mufidelity --set grit=2 2>&1 || true
