#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# what was read can be put back: the rest of the run is the same
vitrail trace "$DATA/tiny.onnx" --input "$DATA/squares.png" --read colourful --read logits --out a.npz
python3 - <<'END'
import zipfile
archive = zipfile.ZipFile("a.npz")
print(archive.namelist(), archive.testzip())
archive.extractall()
END
vitrail trace "$DATA/tiny.onnx" --input "$DATA/squares.png" --replace colourful=colourful.npy --out b.npz
vitrail trace "$DATA/tiny.onnx" --input "$DATA/squares.png" --read logits --out c.npz --threads 1
cmp b.npz c.npz && echo the same
