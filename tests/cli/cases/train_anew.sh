#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
# --force: a training that ends before its first checkpoint leaves nothing of the one before beside its own recipe.
vitrail train "$DATA/quick.recipe" --threads 1 --steps 4 --quiet --out a >/dev/null
vitrail train "$DATA/quick.recipe" --threads 1 --steps 4 --quiet --out a --force --set stage.lr=1e30; code=$?
ls a
grep ^lr= a/recipe.txt
vitrail train a --resume
exit $code
