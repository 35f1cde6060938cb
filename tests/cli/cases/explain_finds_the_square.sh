#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cell (1, 2) of the 4x4 grid is region 6 and red; nothing else is nearly as red.
vitrail explain "$DATA/squares.png" --regions grid:4x4 2>&1
