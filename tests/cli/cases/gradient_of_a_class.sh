#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# of the second logit with respect to the features: its row of the weights
vitrail gradient "$DATA/tiny.onnx" --input "$DATA/squares.png" --of logits:1 --wrt features --wrt bias --wrt detect --json
vitrail gradient "$DATA/tiny.onnx" --input "$DATA/squares.png" --of logits:0,1 --wrt features
