#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
unset VITRAIL_MODEL; vitrail explain "$DATA/squares.png" --preprocess "$DATA/tiny.json"
