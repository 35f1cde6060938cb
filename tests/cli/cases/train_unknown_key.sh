#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
# A word that a recipe does not know: file, block, key, the nearest one. Nothing is left behind.
sed s/lr=/learning-rat=/ "$DATA/quick.recipe" >stage.recipe
sed s/widths=/widhts=/ "$DATA/quick.recipe" >model.recipe
sed s/seed=9/sed=9/ "$DATA/quick.recipe" >test.recipe
for part in stage model test; do vitrail train $part.recipe --out a; code=$?; done
ls
exit $code
