#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
# Worlds that do not mix are named, both of them, with what differs.
for world in 'scenes/object*0.7+scenes/combo*0.3' 'scenes/object+scenes/object(px=32)' 'scenes/object*0+scenes/combo' 'scenes/object+'; do
  vitrail train "$DATA/quick.recipe" --set "data.world=$world" --out a; code=$?
done
ls
exit $code
