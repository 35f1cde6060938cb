#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# "bundled" names it wherever a model is named, whatever other model there is
vitrail inspect bundled | head -n 1
vitrail world scenes/object --split test --count 1 --out w --quiet > /dev/null
vitrail trace bundled --input w/images/000000.png --read pooled | tail -n 1
vitrail explain w/images/000000.png --model bundled --regions grid:4x4 --out out > /dev/null
vitrail evaluate w/images/000000.png --model bundled --explanation out | head -n 1
VITRAIL_MODEL=bundled vitrail evaluate w/images/000000.png --explanation out --json |
  python3 -c 'import json, sys; meta = json.load(sys.stdin)["meta"]; print(meta["model"], len(meta["warnings"]))'
vitrail validate bundled --data scenes/object --count 50 | head -n 1
vitrail inspect bundled 2>&1 > /dev/null | cut -c -64
vitrail evaluate w/images/000000.png --explanation out --model bundled 2>&1 > /dev/null | cut -c -64
vitrail explain --help | grep -c 'bundled, a small'
