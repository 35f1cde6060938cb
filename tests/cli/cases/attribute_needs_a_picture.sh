#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
vitrail attribute "$DATA/words.onnx" --input "$DATA/words.npy" --method xrai
vitrail attribute "$DATA/words.onnx" --input "$DATA/words.npy" --method saliency --target 7
