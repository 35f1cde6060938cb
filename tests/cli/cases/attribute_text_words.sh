#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# words are hidden whole: the frame stays, pieces of a word share its value; or every token by itself
for parts in words tokens; do
  vitrail attribute "$DATA/sentence.onnx" --text 'Warmth!' --tokenizer "$DATA/vocab.txt" --method shapley --parts $parts |
    sed 's/, [0-9.]* s$//; s/completeness error.*//'
done
