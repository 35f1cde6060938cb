#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 130
# SIGINT in the middle of a long search: a valid partial result and exit code 130.
vitrail explain "$DATA/squares.png" --regions grid:32x32 --progress json --out part > shown 2> log &
run=$!
while ! grep -q '"done"' log 2> /dev/null; do kill -0 $run 2> /dev/null || break; sleep 0.05; done
kill -INT $run
wait $run; status=$?
grep -o '"partial": *true' part/explanation.json
ls part | wc -l
exit $status
