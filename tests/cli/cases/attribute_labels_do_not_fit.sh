#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
printf 'sun\nis\n' > words.txt
vitrail attribute "$DATA/words.onnx" --input "$DATA/words.npy" --method saliency --labels words.txt
