#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each public header compiles alone, as pedantic C11 and as C++. Prints TAP."""
import os
import shutil
import subprocess
import sys

ROOT = os.environ.get("VITRAIL_SOURCE", ".")
FLAGS = ["-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror", "-I", os.path.join(ROOT, "include")]


def main():
    folder = os.path.join(ROOT, "include", "vitrail")
    cases = []
    for name in sorted(os.listdir(folder)):
        cases.append((name, "c", [shutil.which("gcc") or "cc", "-std=c11", "-x", "c"]))
        if shutil.which("g++"):
            cases.append((name, "c++", ["g++", "-std=c++11", "-x", "c++"]))
    print(f"1..{len(cases)}")
    failed = False
    for number, (name, language, compiler) in enumerate(cases, 1):
        run = subprocess.run(compiler + FLAGS + ["-"], input=f'#include <vitrail/{name}>\n', text=True,
                             capture_output=True, check=False)
        failed |= run.returncode != 0
        print(f"{'ok' if run.returncode == 0 else 'not ok'} {number} - {name} as {language}")
        for line in run.stderr.splitlines():
            print("#", line)
    sys.exit(failed)


if __name__ == "__main__":
    main()
