#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 3
unset VITRAIL_MODEL; vitrail explain "$DATA/squares.png"
