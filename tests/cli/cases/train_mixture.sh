#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A mixture: the whole and its parts are measured, by train and by validate; any number of threads sees the same items.
mixed() { vitrail train "$DATA/quick.recipe" --set 'data.world=scenes/object*3+scenes/object(form=two)' --set data.px=32 "$@"; }
mixed --threads 1 --out a >trained
grep -E '^(Validation|Test)' trained | cut -c1-43
grep ^Test trained | tr -s ' ' >told
vitrail validate a --threads 1 | tr -s ' ' | sed 's/^test/Test/' | grep ^Test | cmp - told && echo the same
vitrail validate a/model.onnx --data 'scenes/object*3+scenes/object(form=two)' --set px=32 --world-seed 9 --count 16 --threads 2 | tr -s ' ' | sed 's/^test/Test/' | grep accuracy | cut -d' ' -f2- >onnx
grep accuracy told | cut -d' ' -f2- | cmp - onnx && echo model.onnx
vitrail validate a --data scenes/object --set px=32 --count 8 --threads 1 | grep -c '('
mixed --threads 1 --out b >/dev/null
cmp a/model.safetensors b/model.safetensors
