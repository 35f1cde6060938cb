#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 130
# A signal leaves what was measured and all files; the same command goes on.
vitrail world scenes/object --set px=32 --count 8 --out world --quiet >/dev/null
set -- --images world/images --metrics insertion@lima --regions grid:3x3 --threads 1 --out out
vitrail compare "$@" --methods 'random,rise(n_samples=3000000)' >/dev/null 2>errors &
job=$!
tries=0
until [ -s out/rows.jsonl ] && [ "$(grep -c . out/rows.jsonl)" -gt 2 ]; do
  sleep 0.02
  tries=$((tries + 1))
  [ $tries -lt 3000 ] || exit 1
done
kill -TERM $job
wait $job
status=$?
ls out
tail -1 errors
before=$(grep -c . out/rows.jsonl)
vitrail compare "$@" --methods random >/dev/null 2>&1
[ "$(grep -c . out/rows.jsonl)" -gt "$before" ] && echo "went on"
exit $status
