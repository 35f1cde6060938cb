#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Includes point downward only. Prints TAP: one line for each room."""
import os
import re
import sys

# Lowest first. Rooms on one level do not include each other.
LEVELS = [["base"], ["math"], ["tensor"], ["ops"], ["graph"], ["data"], ["nn", "worlds"], ["training"], ["explain"],
          ["report", "store"], ["metrics"], ["attribution"],
          ["concepts", "prototypes", "circuits", "segmentation", "regionvlm", "language"], ["comparison"], ["papers"],
          ["cli", "viewer"]]
ALIASES = {"trace": "graph"}  # public headers beside the room's own
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}


def room_of(include):
    """Room that an include names; None for system headers, which have no room in front."""
    if include.startswith("vitrail/"):
        room = include.removeprefix("vitrail/").removesuffix(".h")
        room = ALIASES.get(room, room)
    elif "/" in include:
        room = include.split("/")[0]
    else:
        return None
    return room if room in LEVEL else None


def faults(source):
    found = {}
    for folder, _, files in os.walk(source):
        for name in files:
            if not name.endswith((".c", ".h")):
                continue
            path = os.path.join(folder, name)
            room = os.path.relpath(path, source).split(os.sep)[0]
            found.setdefault(room, [])
            if room not in LEVEL:
                found[room].append(f"{path}: room '{room}' has no level")
                continue
            with open(path, encoding="utf-8") as text:
                for number, line in enumerate(text, 1):
                    match = re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line)
                    other = room_of(match.group(1)) if match else None
                    if other and other != room and LEVEL[other] >= LEVEL[room]:
                        found[room].append(f"{path}:{number}: {room} includes {match.group(1)}")
    return found


def main():
    root = os.environ.get("VITRAIL_SOURCE", ".")
    found = faults(os.path.join(root, "src"))
    print(f"1..{len(found)}")
    for number, (room, lines) in enumerate(sorted(found.items()), 1):
        print(f"{'not ok' if lines else 'ok'} {number} - {room}")
        for line in lines:
            print("#", line)
    sys.exit(any(found.values()))


if __name__ == "__main__":
    main()
