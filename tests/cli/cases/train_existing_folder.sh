#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
# A training is not written over, unless that is asked for; one of other settings does not go on.
quick() { vitrail train "$DATA/quick.recipe" --threads 1 --steps 4 --quiet "$@"; }
quick --out a >/dev/null
cksum a/* >before
quick --out a; echo $?
vitrail train a; echo $?
quick --out b --resume; echo $?
cksum a/* | cmp - before && echo untouched
quick --out a --force --set stage.lr=0.5 >/dev/null && grep ^lr= a/recipe.txt
quick --out a --resume
