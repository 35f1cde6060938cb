#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# a preset sets method and run; what is given beside it wins
say='import json, sys; m = json.load(sys.stdin)["meta"]; p = m["parameters"]; print(m["model_calls"], p["fill"], p["regions"], p["n_design"], p["design"])'
vitrail explain "$DATA/squares.png" --method sobol --preset xplique --json --quiet | python3 -c "$say"
vitrail explain "$DATA/squares.png" --method sobol --preset xplique --regions grid:2x2 --design random --json --quiet | python3 -c "$say"
vitrail methods sobol | sed -n '/^Presets/,$p'
