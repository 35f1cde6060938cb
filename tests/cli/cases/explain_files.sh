#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain "$DATA/squares.png" --regions grid:4x4 --out made/deep > /dev/null && ls made/deep && ls -A | wc -l
