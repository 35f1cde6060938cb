#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts measured tables into docs/part_truth.md: what stands between <!-- NAME --> and <!-- /NAME --> is replaced by
FOLDER/tables.md of a run of `vitrail truth … --out FOLDER`.

    tools/part_truth_page.py NAME=FOLDER …"""
import os
import re
import sys

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "part_truth.md")


def main():
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    for argument in sys.argv[1:]:
        name, folder = argument.split("=", 1)
        with open(os.path.join(folder, "tables.md"), encoding="utf-8") as file:
            tables = file.read().strip()
        block = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.S)
        if not block.search(page):
            sys.exit(f"docs/part_truth.md has no block '{name}'")
        page = block.sub(lambda found: f"{found.group(1)}\n{tables}\n\n{found.group(2)}", page)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page)


if __name__ == "__main__":
    main()
