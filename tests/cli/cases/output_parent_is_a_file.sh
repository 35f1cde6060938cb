#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
echo > file; vitrail explain "$DATA/squares.png" --regions grid:2x2 --out file/x
