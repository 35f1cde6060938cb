#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Without a model the bundled one: said first, and kept in result and report.
unset VITRAIL_MODEL
vitrail world scenes/object --split test --count 1 --out w --quiet > /dev/null || exit 1
vitrail explain w/images/000000.png --regions grid:4x4 --out out || exit 1
grep -o '"warnings": *\[' out/explanation.json
grep -c 'bundled drawing classifier.*no judge of photographs' out/explanation.json
grep -q '"warnings".*bundled drawing classifier.*no judge of photographs' out/report.html && echo 'in the report'
vitrail explain w/images/000000.png --regions grid:4x4 --json --quiet |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["meta"]["warnings"][0][:38])'
