#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A mask is carried to the model's view. The map is the mask; then its opposite.
python3 - "$DATA/squares.png" <<'END'
import struct, sys
# arrays of the size the tiny model sees, as .npy by hand
def npy(path, kind, rows):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }" % (kind, len(rows), len(rows[0]))
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    code = {"<f4": "f", "|u1": "B"}[kind]
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        for row in rows:
            file.write(struct.pack("<%d%s" % (len(row), code), *row))
import json, os
size = json.load(open(os.path.join(os.path.dirname(sys.argv[1]), "tiny.json")))["size"]
height, width = size if isinstance(size, list) else (size, size)
mask = [[int(x < 3 and y < 2) for x in range(width)] for y in range(height)]
npy("mask.npy", "|u1", mask)
npy("map.npy", "<f4", mask)
npy("opposite.npy", "<f4", [[1 - v for v in row] for row in mask])
END
for metric in pointing-game mass-accuracy rank-accuracy localisation-auc; do
  for map in map opposite; do
    vitrail evaluate "$DATA/squares.png" --map $map.npy --mask mask.npy --metric $metric | head -1
  done
done
vitrail evaluate "$DATA/squares.png" --map map.npy --mask mask.npy --metric pointing-game --json | python3 -c '
import json, sys
told = json.load(sys.stdin)
print(told["protocol"], told["meta"]["mask"], told["extra"]["any"])'
