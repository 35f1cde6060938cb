#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain - --regions grid:2x2 --json < "$DATA/squares.png" | grep -c '"order"' && cat "$DATA/squares.png" | vitrail explain - --regions grid:2x2 -o out | tail -1
