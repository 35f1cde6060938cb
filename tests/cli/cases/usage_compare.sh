#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is asked wrongly is said before a model is opened, with what to write instead.
say() { vitrail compare "$@" --model /nowhere.onnx 2>&1 | head -1; }
say --methods lima
say --images .
say --images . --methods lmia
say --images . --methods rise --metrics inserton
say --images . --methods rise --metrics insertion@rize
say --images . --methods rise,rise
say --images . --methods 'rise(samples=3)'
say --images . --methods rise --metrics pointing-game
say --images . --methods oracle
say --images . --methods rise --budget-of lima
say --images . --right-only --wrong-only
say --images . --metrics part-correlation
vitrail compare --images /nowhere 2>&1 | tail -1
mkdir empty
vitrail compare --images empty 2>&1 | tail -1
cp "$DATA/squares.png" empty
vitrail compare --images empty --right-only 2>&1 | tail -1
echo "squares.png,99" >empty/list.csv
vitrail compare --images empty/list.csv 2>&1 | tail -1
vitrail compare --images empty --truth /nowhere --metrics pointing-game 2>&1 | tail -1
vitrail compare --images empty --begin 1 2>&1 | tail -1
echo >full
vitrail compare --images empty --out full --methods random 2>&1 | tail -1
