#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
printf "no npy" > m.npy; vitrail evaluate "$DATA/squares.png" --map m.npy
