#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files as C arrays: embed_text.py OUT.c HEADER NAME=FILE[+FILE…] …, where HEADER declares NAME and NAME_size"""
import sys


def main():
    out, header, *parts = sys.argv[1:]
    lines = ["/* SPDX-License-Identifier: Apache-2.0", " *", " * Made by tools/embed_text.py from the files beside. */",
             f'#include "{header}"', ""]
    for part in parts:
        name, files = part.split("=", 1)
        content = b""
        for path in files.split("+"):
            with open(path, "rb") as file:
                content += file.read()
        lines.append(f"const char {name}[] = {{")
        values = [str(byte if byte < 128 else byte - 256) for byte in content] + ["0"]
        lines += ["  " + ",".join(values[i:i + 32]) + "," for i in range(0, len(values), 32)]
        lines += ["};", f"const size_t {name}_size = {len(content)};", ""]
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


if __name__ == "__main__":
    main()
