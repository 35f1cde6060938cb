#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
vitrail attribute "$DATA/words.onnx" --input "$DATA/words.npy" --similar-text 'sun'
