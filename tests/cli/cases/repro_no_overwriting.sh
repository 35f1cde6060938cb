#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
vitrail repro lima --part planted --items 2 --side 4 --seeds 1 --out here --quiet > /dev/null
vitrail repro lima --part planted --items 2 --side 4 --seeds 1 --out here --force --quiet > /dev/null; echo $?
vitrail repro lima --part planted --items 2 --side 4 --seeds 1 --out here
