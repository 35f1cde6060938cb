#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
echo precious > a.npz
vitrail trace "$DATA/tiny.onnx" --input "$DATA/squares.png" --out a.npz
status=$?
cat a.npz
vitrail trace "$DATA/tiny.onnx" --input "$DATA/squares.png" --out a.npz --force
exit $status
