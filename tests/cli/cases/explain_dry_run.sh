#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain "$DATA/squares.png" --regions grid:7x7 --dry-run && ls -A | wc -l
