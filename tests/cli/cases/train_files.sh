#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A recipe from a file with one setting changed: what is printed, and what the folder holds.
vitrail train "$DATA/quick.recipe" --threads 1 --steps 8 --set stage.lr=0.02 --seed 3 --out a
ls a
grep -E '^(seed|steps|lr)=' a/recipe.txt
grep -c loss a/log.jsonl
head -c 5 a/curves.svg; echo
vitrail train "$DATA/quick.recipe" --threads 1 --steps 8 --set stage.lr=0.02 --seed 3 --out b --json >b.json
cmp a/model.onnx b/model.onnx
cmp a/checkpoint.safetensors b/checkpoint.safetensors
cmp a/recipe.txt b/recipe.txt
python3 -c "
import json
told = json.load(open('b.json'))
assert told == json.load(open('b/result.json'))
print(told['seed'], told['steps'], sorted(told['test']), told['folder'])"
