#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws docs/rooms.svg: the rooms of src/ by level, with their size, and how often each includes the ones below.

  draw_rooms.py            writes docs/rooms.svg
  draw_rooms.py --check    exit 1 when rooms or arrows are not those of the code any more
"""
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "house"))
from layers import LEVEL, room_of  # noqa: E402  (one list of levels for the check and the picture)

WIDTH, ROW, BOX = 900, 92, (150, 52)


def measure():
    """{room: lines}, {(room, lower room): number of includes}."""
    lines, uses = {}, {}
    for folder, _, files in os.walk(os.path.join(ROOT, "src")):
        room = os.path.relpath(folder, os.path.join(ROOT, "src")).split(os.sep)[0]
        for name in files:
            if not name.endswith((".c", ".h")):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as text:
                for line in text:
                    lines[room] = lines.get(room, 0) + 1
                    match = re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line)
                    other = room_of(match.group(1)) if match else None
                    if other and other != room:
                        uses[room, other] = uses.get((room, other), 0) + 1
    lines.pop(".", None)
    return lines, uses


def places(rooms):
    levels = sorted({LEVEL[room] for room in rooms}, reverse=True)
    place = {}
    for row, level in enumerate(levels):
        here = sorted(room for room in rooms if LEVEL[room] == level)
        # staggered, so that arrows between neighbours do not lie on each other
        shift = (row % 3 - 1) * 220
        for column, room in enumerate(here):
            place[room] = (WIDTH / 2 + shift + (column - (len(here) - 1) / 2) * (BOX[0] + 40), 50 + row * ROW)
    return place, 50 + len(levels) * ROW


def draw(lines, uses):
    place, height = places(lines)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
           '<title>Rooms of vitrail: arrows point from a room to what it includes</title>',
           '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
           '<path d="M0,0 L8,4 L0,8 z" fill="#667"/></marker></defs>',
           f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>']
    for (room, other), count in sorted(uses.items()):
        (x1, y1), (x2, y2) = place[room], place[other]
        width = 0.6 + min(count, 40) / 14
        out.append(f'<line x1="{x1:.0f}" y1="{y1 + BOX[1] / 2:.0f}" x2="{x2:.0f}" y2="{y2 - BOX[1] / 2 - 2:.0f}" '
                   f'stroke="#667" stroke-opacity="0.55" stroke-width="{width:.1f}" marker-end="url(#tip)">'
                   f'<title>{room} includes {other}: {count}</title></line>')
    for room, (x, y) in sorted(place.items()):
        out.append(f'<rect x="{x - BOX[0] / 2:.0f}" y="{y - BOX[1] / 2:.0f}" width="{BOX[0]}" height="{BOX[1]}" rx="8" '
                   'fill="#eef3fb" stroke="#35507a"/>')
        out.append(f'<text x="{x:.0f}" y="{y - 2:.0f}" text-anchor="middle" font-size="17" fill="#123">{room}/</text>')
        out.append(f'<text x="{x:.0f}" y="{y + 17:.0f}" text-anchor="middle" font-size="12" fill="#456">'
                   f'{lines[room]} lines</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def main():
    path = os.path.join(ROOT, "docs", "rooms.svg")
    picture = draw(*measure())
    if "--check" not in sys.argv[1:]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(picture)
        return
    # line counts change with every commit; rooms and arrows are what must be right
    with open(path, encoding="utf-8") as file:
        committed = set(re.findall(r"<title>(\w+ includes \w+): ", file.read()))
    sys.exit(committed != set(re.findall(r"<title>(\w+ includes \w+): ", picture)))


if __name__ == "__main__":
    main()
