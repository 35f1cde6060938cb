#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain "$DATA/squares.png" --regions grid:4x4 --target "pred; green" --out two | grep -E "^(red|green|Report)|^   1 " && ls two two/target-1 | head -4
vitrail explain "$DATA/squares.png" --regions grid:2x2 --target "red;2" --json -q | python3 -c 'import json, sys; print([e["data"]["target"]["index"] for e in json.load(sys.stdin)])'
