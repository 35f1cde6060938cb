#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
head -c 200 "$DATA/squares.png" > cut.png; vitrail explain cut.png
