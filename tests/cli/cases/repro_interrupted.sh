#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 130
# SIGINT in the second seed or later: a valid partial result of the seeds before, no page, exit code 130.
vitrail repro lima --part planted --items 20 --seeds 1000 --out part --docs pages --write-docs > shown 2> log &
run=$!
while ! grep -q "\"seeds\": *\[0" part/planted/result.json 2> /dev/null; do kill -0 $run 2> /dev/null || break; sleep 0.05; done
kill -INT $run
wait $run; status=$?
python3 -c "
import json
result = json.load(open(\"part/planted/result.json\"))
assert not result[\"complete\"] and result[\"ended\"] == \"interrupted\" and result[\"seeds\"]
assert {row[\"seed\"] for row in result[\"rows\"]} == set(result[\"seeds\"])
print(\"valid\")"
ls; grep -o "interrupted after" log
exit $status
