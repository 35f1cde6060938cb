#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every metric says which way is better, what it is, and has no setting without help.
vitrail metrics --json | python3 -c '
import json, sys
told = json.load(sys.stdin)
metrics = told["metrics"]
print(told["schema_version"], len({m["id"] for m in metrics}) == len(metrics) >= 25)
print(all(m["title"] and m["summary"] and m["category"] and isinstance(m["higher_is_better"], bool) for m in metrics))
print(all(s["help"] for m in metrics for s in m["settings"]))'
vitrail metrics mufidelity --json | python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["id"], d["low"], d["high"], d["curve"], [s["name"] for s in d["settings"]])'
vitrail metrics | grep -c "↑\|↓"  | awk '{print ($1 >= 25)}'
