#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same files for any number of threads and however a setting is given; items by number.
vitrail world scenes/object --count 70 --out a --set form=two --threads 1
vitrail world scenes/object --count 70 --out b --form two --threads 2
diff -r a b && echo same
vitrail world scenes/object --count 2 --start 68 --out tail --form two | cat
tail -n 2 a/items.jsonl | diff - tail/items.jsonl && cmp a/images/000069.png tail/images/000069.png && echo same tail
ls a a/images | sed -n '1,9p'
wc -l < a/items.jsonl
grep -o '"complete": true\|"count": 70\|"world": "scenes/object"\|"form": "two"' a/meta.json
# another seed and another split are other data
vitrail world scenes/object --count 1 --out seed --form two --seed 1 --quiet
vitrail world scenes/object --count 1 --out test --form two --split test --quiet
cmp -s a/images/000000.png seed/images/000000.png || cmp -s a/images/000000.png test/images/000000.png || echo others
