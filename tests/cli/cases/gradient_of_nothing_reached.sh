#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail gradient "$DATA/tiny.onnx" --input "$DATA/squares.png" --of mean:0,0,0,0 --wrt bias
