#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Memory that runs out in the middle of a search leaves a valid partial result, as a budget does.
# exit: 6
vitrail explain "$DATA/squares.png" --regions grid:32x32 --max-memory 6M -q --out m > /dev/null; code=$?
python3 - <<'END'
import json
told = json.load(open("m/explanation.json"))
print(told["meta"]["partial"], told["meta"]["partial_reason"], sorted(told["data"]["order"]) == list(range(1024)))
END
exit $code
