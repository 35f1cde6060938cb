#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
vitrail trace "$DATA/tiny.onnx" --input "image=$DATA/squares.png" --stop-at colourful
vitrail trace "$DATA/tiny.onnx" --input "$DATA/squares.png" --stop-at colourful --read logits
