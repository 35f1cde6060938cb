#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No two functions marked VT_CLONES share a name: clang makes a global symbol NAME.resolver of each, static or not, and
two of them do not link. Read from the objects, as macros make many of the names. Prints TAP."""
import os
import re
import shutil
import subprocess
import sys

LIBRARY = "libvitrail-internal.a"


def main():
    library = os.path.join(os.environ.get("VITRAIL_BUILD", "build"), LIBRARY)
    if not shutil.which("nm") or not os.path.exists(library):
        print(f"1..0 # SKIP nm or {LIBRARY} is not here")
        return
    run = subprocess.run(["nm", "-A", library], text=True, capture_output=True, check=False)
    places = {}
    for line in run.stdout.splitlines():
        match = re.search(r"([^:/]+\.o):.*\s(\w+)\.default(?:\.\d+)?$", line)
        if match:
            places.setdefault(match.group(2), []).append(match.group(1))
    if not places:
        print("1..0 # SKIP this build has no clones")
        return
    shared = {name: files for name, files in places.items() if len(files) > 1}
    print("1..1")
    print(f"{'not ok' if shared else 'ok'} 1 - {len(places)} names of cloned functions, each used once")
    for name, files in sorted(shared.items()):
        print(f"# {name}: {', '.join(sorted(files))}")
    sys.exit(bool(shared))


if __name__ == "__main__":
    main()
