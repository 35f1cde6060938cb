#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail trace "$DATA/tiny.onnx" --input "$DATA/squares.png" --read mean --read logits --read weight
