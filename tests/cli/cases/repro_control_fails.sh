#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
# Of 16 cells a random order finds the six of an object too often: the control must take every claim away.
vitrail repro --quiet lima --part planted --side 4 --items 20 --seeds 1 --masks 100 --out here --docs pages > shown
status=$?
grep -c -e "-> trivial or unsound" shown
grep "Verdict\|fails:" shown
exit $status
