#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
# libvips warns of every tile it cannot decode; the user gets one sentence.
head -c 330 "$DATA/squares.png" > cut.png; vitrail explain cut.png
