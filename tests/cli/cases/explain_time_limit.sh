#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 6
vitrail explain "$DATA/squares.png" --regions grid:32x32 --time-limit 0.3 -q --json | grep -o '"partial_reason": *"[a-z-]*"' > reason
vitrail explain "$DATA/squares.png" --regions grid:32x32 --time-limit 0.3 -q --json > /dev/null; status=$?
cat reason
exit $status
