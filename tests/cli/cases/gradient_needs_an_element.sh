#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
vitrail gradient "$DATA/tiny.onnx" --input "$DATA/squares.png" --of logits
