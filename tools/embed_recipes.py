#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recipes as C arrays: embed_recipes.py OUT.c FILE…"""
import os
import sys


def main():
    out, *paths = sys.argv[1:]
    lines = ["/* SPDX-License-Identifier: Apache-2.0", " *", " * Made by tools/embed_recipes.py from share/recipes. */",
             '#include "training/recipe.h"', ""]
    rows = []
    for number, path in enumerate(sorted(paths)):
        with open(path, "rb") as file:
            content = file.read()
        values = [str(byte if byte < 128 else byte - 256) for byte in content] + ["0"]
        lines += [f"static const char text_{number}[] = {{"]
        lines += ["  " + ",".join(values[i:i + 32]) + "," for i in range(0, len(values), 32)]
        lines += ["};", ""]
        name = os.path.basename(path).removesuffix(".recipe")
        rows.append(f'  {{"{name}", text_{number}, {len(content)}}},')
    lines += ["const vt_bundled_recipe vt_bundled_recipes[] = {", *rows, "};",
              f"const size_t vt_bundled_recipe_count = {len(rows)};", ""]
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


if __name__ == "__main__":
    main()
