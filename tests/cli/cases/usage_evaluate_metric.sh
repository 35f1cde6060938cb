#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
vitrail evaluate a.png --map m.npy --metric deletio
