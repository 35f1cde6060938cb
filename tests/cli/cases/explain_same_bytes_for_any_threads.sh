#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain "$DATA/squares.png" --regions grid:4x4 --threads 1 --batch 1 --out a > /dev/null &&
vitrail explain "$DATA/squares.png" --regions grid:4x4 --threads 2 --batch 64 --out b > /dev/null &&
vitrail explain "$DATA/squares.png" --regions grid:4x4 --threads 2 --batch 7 --out c > /dev/null || exit 1
for f in labels.npy saliency.npy overlay.png regions.png subset.png curves.svg report.html; do cmp a/$f b/$f && cmp a/$f c/$f || exit 1; done
for d in a b c; do sed -e '/"seconds"/d' -e '/"threads"/d' -e '/"batch"/d' $d/explanation.json > $d.same; done
cmp a.same b.same && cmp a.same c.same
