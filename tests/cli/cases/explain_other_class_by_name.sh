#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cell (2, 0) is region 8 and green; the model's answer stays red: the mistake is explained.
vitrail explain "$DATA/squares.png" --regions grid:4x4 --target green --out g
