#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A stage of adapters: interrupted and gone on with, the same bytes; the ONNX file has them in its weights and measures the same.
cat >lora.recipe <<'END'
[model]
kind=vit
stem=8,16
width=16
layers=2
heads=2
[data]
world=glyphs
count=64
[validation]
count=20
[test]
seed=9
count=40
[stage main]
steps=20
batch=8
lr=0.005
validate_every=5
[stage noise]
data=glyphs+glyphs(noise=0.3)*3
lora=*.q_proj,*.mlp.fc?/2/4
steps=150
batch=8
lr=0.02
validate_every=25
END
trap '' INT
vitrail train lora.recipe --threads 1 --out whole >whole.txt
vitrail train lora.recipe --threads 1 --out part --progress json 2>/dev/null >told &
process=$!
while ! grep -q '"stage":1,"step":[1-9][0-9]' part/log.jsonl 2>/dev/null; do sleep 0.02; done
kill -TERM "$process"
wait "$process"; echo $?
vitrail train part --resume --threads 1 >/dev/null
for file in checkpoint.safetensors model.safetensors model.onnx recipe.txt; do cmp part/$file whole/$file && echo $file; done
grep -a -o 'blocks.0.attn.q_proj.lora_[AB].noise.weight' whole/model.safetensors | sort -u
grep -a -c lora_ whole/model.onnx
grep ^Test whole.txt | tr -s ' ' | cut -d' ' -f2,3 >told
vitrail validate whole --threads 1 | grep ^test | tr -s ' ' | cut -d' ' -f2,3 | cmp - told && echo whole
vitrail validate whole/model.onnx --data glyphs --world-seed 9 --count 40 --threads 1 | grep ^test | tr -s ' ' | cut -d' ' -f2,3 | cmp - told && echo model.onnx
