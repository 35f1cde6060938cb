#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Library code never prints and never ends the process: only cli may. Prints TAP: one line a room."""
import os
import re
import sys

ROOT = os.environ.get("VITRAIL_SOURCE", ".")
FREE = {"cli"}
CALLS = re.compile(r"\b(v?printf|puts|putchar|perror|g_print|g_printerr|exit|_exit|_Exit|quick_exit|abort|assert|"
                   r"g_error|g_assert)\s*\(")
STREAMS = re.compile(r"\b(stdout|stderr|STDOUT_FILENO|STDERR_FILENO)\b")
# Comments, texts and characters; what is left is code. The line feeds of a comment stay, so that lines keep their number.
WORDS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code(text):
    return WORDS.sub(lambda match: "\n" * match.group(0).count("\n"), text)


def faults(folder):
    found = []
    for where, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if not name.endswith((".c", ".h")):
                continue
            path = os.path.join(where, name)
            with open(path, encoding="utf-8") as file:
                for number, line in enumerate(code(file.read()).split("\n"), 1):
                    match = CALLS.search(line) or STREAMS.search(line)
                    if match:
                        found.append(f"{os.path.relpath(path, ROOT)}:{number}: {match.group(1)}")
    return found


def main():
    source = os.path.join(ROOT, "src")
    rooms = sorted(room for room in os.listdir(source)
                   if os.path.isdir(os.path.join(source, room)) and room not in FREE)
    print(f"1..{len(rooms)}")
    failed = False
    for number, room in enumerate(rooms, 1):
        lines = faults(os.path.join(source, room))
        failed |= bool(lines)
        print(f"{'not ok' if lines else 'ok'} {number} - {room}")
        for line in lines:
            print("#", line)
    sys.exit(failed)


if __name__ == "__main__":
    main()
