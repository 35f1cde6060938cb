#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
# skip-root: root may write anywhere
mkdir ro; chmod 555 ro; vitrail explain "$DATA/squares.png" --out ro/x
