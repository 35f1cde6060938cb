#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A thousand million items: the order of a pass needs the memory of a batch.
large() { vitrail train "$DATA/quick.recipe" --threads 1 --steps 3 --set data.count=1000000000 --max-memory 100M --out "$1" >/dev/null; }
large a && large b && cmp a/model.safetensors b/model.safetensors && echo the same
