#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every C file is as clang-format 14 leaves it: other versions differ in details. Prints TAP: one line a folder."""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.environ.get("VITRAIL_SOURCE", ".")
FOLDERS = ["bench", "examples", "fuzz", "include", "src", "tests", "tools"]
MAJOR = "14"


def formatter():
    """The program, None when there is none of the right version."""
    for name in ["clang-format-" + MAJOR, "clang-format"]:
        program = shutil.which(name)
        if not program:
            continue
        told = subprocess.run([program, "--version"], text=True, capture_output=True, check=False).stdout
        found = re.search(r"version (\d+)", told)
        if found and found.group(1) == MAJOR:
            return program
    return None


def sources(folder):
    found = []
    for where, _, names in os.walk(os.path.join(ROOT, folder)):
        found += [os.path.join(where, name) for name in names if name.endswith((".c", ".h"))]
    return sorted(found)


def faults(program, files):
    """What clang-format would change, "FILE:LINE" each."""
    run = subprocess.run([program, "--dry-run", "--style=file"] + files, text=True, capture_output=True, check=False)
    lines = [line.split(": warning:")[0].rsplit(":", 1)[0] for line in run.stderr.splitlines() if ": warning:" in line]
    return lines if lines or run.returncode == 0 else run.stderr.splitlines()


def main():
    program = formatter()
    if not program:
        print(f"1..0 # SKIP clang-format {MAJOR} is not here")
        return
    folders = [folder for folder in FOLDERS if sources(folder)]
    print(f"1..{len(folders)}")
    failed = False
    for number, folder in enumerate(folders, 1):
        lines = faults(program, sources(folder))
        failed |= bool(lines)
        print(f"{'not ok' if lines else 'ok'} {number} - {folder}")
        for line in lines:
            print("#", line, "(clang-format -i puts it right)")
    sys.exit(failed)


if __name__ == "__main__":
    main()
