#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the answer is linear: every word's gradient sums to 1.5, the sum of the class's weights
printf 'sun\nis\nice\nwind\n' > words.txt
vitrail attribute "$DATA/words.onnx" --input "$DATA/words.npy" --labels words.txt --method saliency --reduce sum \
  --score logit --target 0 --page words.html --out words.npz | sed 's/, [0-9.]* s$//'
python3 - <<'END'
import re, zipfile
print(zipfile.ZipFile("words.npz").namelist())
print(re.findall(r'title="([^"]*)">([^<]*)<', open("words.html").read()))
END
vitrail attribute "$DATA/words.onnx" --input "$DATA/words.npy" --method saliency --score margin --json |
  python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["data"]["target"], d["data"]["map"], d["tensors"][1])'
