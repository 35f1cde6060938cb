#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
# numbers that are none: in the input, in the direction; "row.npy" [1, 3, 32, 32], "to.npy" [4]
python3 - <<'END'
import struct
def npy(name, dims, values):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {dims}, }}"
    text = (text + " " * (117 - len(text)) + "\n").encode()
    with open(name, "wb") as file:
        file.write(b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + struct.pack(f"<{len(values)}f", *values))
nan = float("nan")
npy("bad.npy", (1, 3, 32, 32), [0.0] * 1027 + [nan, nan] + [0.0] * 2043)
npy("good.npy", (1, 3, 32, 32), [0.0] * 3072)
npy("to.npy", (4,), [1, 0, float("inf"), 0])
END
for method in integrated-gradients saliency; do
  vitrail attribute "$VITRAIL_MODEL" --input bad.npy --method $method --out map.npz
  echo "$?, files:" *
done
vitrail attribute "$VITRAIL_MODEL" --input good.npy --score similarity --similar-to to.npy
echo "$?"
vitrail trace "$VITRAIL_MODEL" --input bad.npy --read logits # looking at them is allowed
echo "$?"
vitrail explain "$DATA/squares.png" --method saliency --regions grid:4x4 --score similarity --similar-to to.npy --out out
