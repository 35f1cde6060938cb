#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
# skip-root: root writes everywhere
mkdir closed && chmod a-w closed
vitrail repro lima --part planted --items 1 --out closed
