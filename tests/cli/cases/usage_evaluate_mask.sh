#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
vitrail evaluate "$DATA/squares.png" --map m.npy --metric pointing-game
