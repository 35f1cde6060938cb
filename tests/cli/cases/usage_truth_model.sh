#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
# The tiny model of these tests sees 32 pixels, scenes have 64; then it knows other classes.
vitrail truth scenes/object --out t
vitrail truth scenes/object --set px=32 --out t
status=$?; ls t* 2> /dev/null; exit $status
