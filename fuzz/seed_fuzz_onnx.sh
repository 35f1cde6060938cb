#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Seeds for fuzz_onnx: the models of the ONNX conformance cases, those of up to 4 KB.
set -eu
target=$1
for data in /usr/share/libonnx-testdata/data tests/graph/data; do
  [ -d "$data" ] || continue
  find "$data" -name model.onnx -size -5 | while read -r model; do
    name=$(basename "$(dirname "$model")")
    [ -f "$target/$name" ] || cp "$model" "$target/$name"
  done
done
