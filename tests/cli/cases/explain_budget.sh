#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 6
# The budget ends the search; what was found is written and valid.
vitrail explain "$DATA/squares.png" --regions grid:8x8 --max-calls 300 --out part > shown; status=$?
tail -1 shown
grep -o '"partial": *true' part/explanation.json
ls part | wc -l
exit $status
