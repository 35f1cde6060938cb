#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/golden_resize.h: a made-up 7×5 picture resized by Pillow (made with 13.0; equal shrink factors only,
for which every version agrees). Needs Pillow and numpy; run from the root of the project."""
import numpy
import PIL
from PIL import Image

SIZES = [(4, 3), (14, 10), (7, 2), (3, 5)]
FILTERS = [("VT_NEAREST", Image.NEAREST), ("VT_BILINEAR", Image.BILINEAR), ("VT_BICUBIC", Image.BICUBIC)]


def main():
    y, x, c = numpy.mgrid[0:5, 0:7, 0:3]
    picture = ((x * 37 + y * 91 + c * 53 + x * y * 29 + x * x * 17) % 256).astype(numpy.uint8)
    lines = ["/* SPDX-License-Identifier: Apache-2.0", " *",
             f" * Made by tools/golden_resize.py with Pillow {PIL.__version__}: pixel (x, y, c) of the 7×5 source is",
             " * (37x + 91y + 53c + 29xy + 17x²) mod 256. */",
             "static const struct {", "  int width, height;", "  vt_interpolation interpolation;",
             "  uint8_t pixels[14 * 10 * 3];", "} golden_resize[] = {"]
    for width, height in SIZES:
        for name, number in FILTERS:
            values = numpy.asarray(Image.fromarray(picture).resize((width, height), number)).ravel()
            lines.append(f"    {{{width}, {height}, {name}, {{{', '.join(map(str, values))}}}}},")
    lines.append("};")
    with open("tests/data/golden_resize.h", "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
