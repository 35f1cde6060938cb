#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail methods --json | python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["schema_version"], [m["id"] for m in d["methods"]][:2], all(m["parameters"] is not None for m in d["methods"]))'
vitrail methods lima --json | python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["id"], sorted(p["name"] for p in d["parameters"])[-1])'
