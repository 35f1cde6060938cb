#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# LiMA ranks whole words; the picture; similarity to another text of the same model
vitrail attribute "$DATA/sentence.onnx" --text 'Warmth!' --tokenizer "$DATA/vocab.txt" --method lima --picture words.png --out w.npz |
  sed 's/, [0-9.]* s$//'
head -c 4 words.png | tail -c 3; echo
vitrail attribute "$DATA/sentence.onnx" --text 'Warmth!' --tokenizer "$DATA/vocab.txt" --method lima --json |
  python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["words"], d["data"]["order"], len(d["data"]["map"]["saliency"]))'
vitrail attribute "$DATA/sentence.onnx" --text 'Warmth!' --tokenizer "$DATA/vocab.txt" --similar-text 'Warmth!' --method lima | head -n 1
