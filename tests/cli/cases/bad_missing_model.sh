#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 3
vitrail explain "$DATA/squares.png" --model nowhere.onnx
