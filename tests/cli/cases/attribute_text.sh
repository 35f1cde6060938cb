#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ids, mask and token types come from the text: padding adds nothing, though its row would count
vitrail attribute "$DATA/sentence.onnx" --text 'Warmth!' --tokenizer "$DATA/vocab.txt" --method input-x-gradient --reduce sum \
  --score logit --target 0 --page words.html | sed 's/, [0-9.]* s$//'
python3 - <<'END'
import re
print(re.findall(r'title="([^"]*)">([^<]*)<', open("words.html").read()))
END
# a tokenizer in the sidecar; a list of words without a frame
cp "$DATA/words.onnx" words.onnx
echo '{"tokenizer": {"kind": "words", "vocabulary": ["?", "sun", "ice", "a", "is", "wind"]}}' > words.json
vitrail attribute words.onnx --text 'sun is ice wind' --method saliency --score margin --json |
  python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["data"]["target"], d["data"]["map"], d["tokens"])'
