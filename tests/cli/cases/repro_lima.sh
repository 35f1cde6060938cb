#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail repro lima --part planted --profile quick --seeds 1 --items 6 --out here --docs pages --write-docs --quiet
ls
grep -c "repro lima planted: end" pages/01-lima.md
vitrail repro --list --docs pages | sed -n 2p
