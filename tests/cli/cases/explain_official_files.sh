#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain "$DATA/squares.png" --regions grid:2x2 --official --out o > /dev/null && find o/npy o/json -type f
