#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
mkdir squares && echo mine > squares/notes.txt && echo old > squares/report.html
vitrail explain "$DATA/squares.png" --regions grid:2x2 --force > /dev/null && cat squares/notes.txt && grep -c "<html" squares/report.html && ls -A
