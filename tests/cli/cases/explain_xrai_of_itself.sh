#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
# a hint names what can be chosen: not the method itself, nor one that makes no maps
for other in xrai lima LIMAA salency; do
  vitrail explain "$DATA/squares.png" --method xrai --attribution $other --regions grid:4x4 --out out
done
