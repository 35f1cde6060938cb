#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 130
# SIGINT leaves the items made so far, all of them whole.
trap '' INT # a shell in the background ignores it; the command sets its own handler
vitrail world scenes/object --count 1000000 --out part --progress json 2>progress >told &
process=$!
while [ ! -s progress ]; do sleep 0.05; done
kill -TERM "$process"
wait "$process"
code=$?
sed 's/[0-9][0-9]* items/N items/' told
lines=$(wc -l <part/items.jsonl) images=$(ls part/images | wc -l)
grep -q "\"count\": $lines," part/meta.json && echo counted
[ "$images" -ge "$lines" ] && echo images
grep -o '"complete": false' part/meta.json
tail -c 3 part/items.jsonl
ls | grep part
exit $code
