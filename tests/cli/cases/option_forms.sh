#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --name VALUE, --name=VALUE, letters with and without space, joined flags, --no-flag, -- before odd names.
cp "$DATA/squares.png" ./-odd.png
vitrail explain "$DATA/squares.png" --json -q --regions grid:2x2 > a &&
vitrail explain --regions=grid:2x2 -qj "$DATA/squares.png" > b &&
vitrail explain -rgrid:2x2 -r grid:2x2 --json --quiet --force --no-force -- ./-odd.png > c &&
for f in a b c; do sed -e '/"seconds"/d' -e '/"image_sha256"/d' "$f" > "$f.same"; done &&
cmp a.same b.same && cmp a.same c.same
