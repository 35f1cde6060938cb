#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
# No file may grow beyond a few blocks: nothing half-written stays behind.
trap '' XFSZ
(ulimit -f 8; vitrail explain "$DATA/squares.png" --regions grid:4x4 --out big > shown); status=$?
ls -A
exit $status
