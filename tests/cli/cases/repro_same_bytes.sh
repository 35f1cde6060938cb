#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
for threads in 1 2; do
  vitrail repro lima --part planted --items 2 --side 5 --seeds 2 --masks 100 --json --quiet --threads $threads > $threads.json
  sed "/\"timing\"/,\$d" $threads.json > $threads.part
done
cmp 1.part 2.part && wc -l < 1.part | sed "s/[0-9][0-9]*/lines/"
ls -d repro-lima 2> /dev/null || true
