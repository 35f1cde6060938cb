#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
vitrail trace "$DATA/tiny.onnx" --input "$DATA/squares.png" --read logit
