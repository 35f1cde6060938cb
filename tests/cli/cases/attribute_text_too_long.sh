#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
vitrail attribute "$DATA/sentence.onnx" --text 'warm warm warm warm warm' --tokenizer "$DATA/vocab.txt" --method saliency
