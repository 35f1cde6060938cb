#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
# Adapters that no layer fits, that are larger than its matrix, or that are none: said before the first step.
sed 's/^steps=12/lora=PLACE\n&/' "$DATA/quick.recipe" >a.recipe
for lora in body/4 head/9 head/0 head; do
  sed "s:PLACE:$lora:" a.recipe >b.recipe
  vitrail train b.recipe --out a; code=$?
done
ls
exit $code
