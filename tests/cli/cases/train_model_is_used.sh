#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was trained is measured, from the folder, its weights and the ONNX file with the same figures, and explained.
vitrail train "$DATA/quick.recipe" --threads 1 --out a >trained
grep ^Test trained | tr -s ' ' | cut -d' ' -f2,3 >told
for model in a a/model.safetensors; do
  vitrail validate $model --threads 1 | grep ^test | tr -s ' ' | cut -d' ' -f2,3 | cmp - told && echo $model
done
vitrail validate a/model.onnx --data scenes/object --world-seed 9 --count 16 --threads 1 | grep ^test | tr -s ' ' | cut -d' ' -f2,3 | cmp - told && echo a/model.onnx
vitrail validate a --split validation --world-seed 4 --count 5 --set block_erase=1 --threads 1 | head -n 1
vitrail validate a --json --threads 1 | python3 -c "
import json, sys
told = json.load(sys.stdin)
print(told['count'], sorted(told['measures']))"
vitrail world scenes/object --count 1 --out w >/dev/null
vitrail explain w/images/000000.png --model a/model.onnx --regions grid:2x2 --out e --threads 1 --json | python3 -c "
import json, sys
target = json.load(sys.stdin)['data']['target']
print(target['name'] in json.load(open('a/model.json'))['labels'])"
vitrail attribute a/model.onnx --input w/images/000000.png --method saliency --threads 1 --json | grep -c '"method": "saliency"'
