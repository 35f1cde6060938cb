#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
vitrail explain "$DATA/squares.png" --class green --not red --score logit
