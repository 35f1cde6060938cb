#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every C file is as clang-format 14 leaves it (other versions differ in details), and its comments, which are wrapped by
hand, end where code does. Prints TAP: one line a folder."""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.environ.get("VITRAIL_SOURCE", ".")
FOLDERS = ["bench", "examples", "fuzz", "include", "src", "tests", "tools"]
MAJOR = "14"
COLUMNS = 110


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


def long_lines(files):
    """Lines that clang-format lets stand, "FILE:LINE" each; tables between its off and on may be wide."""
    found = []
    for path in files:
        wide = False
        with open(path, encoding="utf-8") as text:
            for number, line in enumerate(text, 1):
                if "clang-format off" in line or "clang-format on" in line:
                    wide = "clang-format off" in line
                if len(line.rstrip("\n")) > COLUMNS and not wide:
                    found.append(f"{path}:{number}")
    return found


def main():
    program = formatter()
    if not program:
        print(f"1..0 # SKIP clang-format {MAJOR} is not here")
        return
    folders = [folder for folder in FOLDERS if sources(folder)]
    print(f"1..{len(folders)}")
    failed = False
    for number, folder in enumerate(folders, 1):
        lines = [f"{place} (clang-format -i puts it right)" for place in faults(program, sources(folder))]
        lines += [f"{place} has more than {COLUMNS} columns" for place in long_lines(sources(folder))]
        failed |= bool(lines)
        print(f"{'not ok' if lines else 'ok'} {number} - {folder}")
        for line in lines:
            print("#", line)
    sys.exit(failed)


if __name__ == "__main__":
    main()
