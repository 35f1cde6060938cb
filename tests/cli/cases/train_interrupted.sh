#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 130
# A signal leaves a checkpoint, and what goes on from it ends with the bytes of a training that nobody stopped.
settings='--threads 1 --steps 150 --set stage.validate_every=20 --set stage.ema=0.9'
trap '' INT # a shell in the background ignores it; the command sets its own handler
vitrail train "$DATA/quick.recipe" $settings --out whole >whole.txt
vitrail train "$DATA/quick.recipe" $settings --out part --progress json 2>progress >told &
process=$!
while [ ! -s progress ]; do sleep 0.02; done
kill -TERM "$process"
wait "$process"
code=$?
cat told
grep -c '"loss"' part/log.jsonl | sed 's/^\([0-9]\|[0-9][0-9]\|1[0-4][0-9]\)$/fewer than 150/'
[ -e part/model.onnx ] && echo exported
vitrail train part --resume --threads 1 >gone_on.txt
for file in checkpoint.safetensors model.safetensors model.onnx model.json recipe.txt; do cmp part/$file whole/$file && echo $file; done
sed 's/,"seconds":[^}]*//' part/log.jsonl >a; sed 's/,"seconds":[^}]*//' whole/log.jsonl >b; cmp a b && echo log
tail -n 5 gone_on.txt >a; sed s/whole/part/ whole.txt | tail -n 5 >b; cmp a b && echo measures
exit $code
