#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain "$DATA/squares.png" --regions grid:2x2 --json > /tmp/vitrail-case-$$.json; status=$?
ls -A | wc -l
python3 - /tmp/vitrail-case-$$.json <<'END'
import json, sys
result = json.load(open(sys.argv[1]))
print(result["schema_version"], len(result["data"]["order"]), len(result["data"]["insertion"]["scores"]), result["data"]["target"]["name"])
print(sorted(result["meta"])[:4], result["meta"]["partial"])
END
rm /tmp/vitrail-case-$$.json
exit $status
