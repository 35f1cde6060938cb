#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
mkdir squares
vitrail explain "$DATA/squares.png"
