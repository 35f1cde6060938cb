#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
echo "{\"sise\": [3, 3]}" > s.json; vitrail explain "$DATA/squares.png" --preprocess s.json
