#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 3
head -c 300 "$DATA/tiny.onnx" > cut.onnx; vitrail explain "$DATA/squares.png" --model cut.onnx
