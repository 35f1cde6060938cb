#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What recipes may say, from the tables that read them; every bundled recipe says nothing else.
vitrail train --keys resnet | tr -s ' ' | grep -E '^(Block|.* widths )'
vitrail train --keys | tr -s ' ' | grep -cE '^\[(recipe|data|stage NAME)\] (seed|lr|steps|sched|train|loss) '
vitrail train --keys restnet; echo $?
vitrail train --keys --json >keys.json
vitrail train --list --json >recipes.json
python3 -c "
import json
blocks = {block: {field['name'] for field in fields} for block, fields in json.load(open('keys.json'))['blocks'].items()}
known = unknown = 0
for recipe in json.load(open('recipes.json'))['recipes']:
    block = None
    for line in recipe['text'].splitlines():
        if line.startswith('['):
            block = '[stage NAME]' if line.startswith('[stage ') else line
        elif '=' in line and not line.startswith('#') and block in ('[recipe]', '[stage NAME]'):
            good = line.split('=')[0] in blocks[block]
            known, unknown = known + good, unknown + (not good)
print(known > 20, unknown)"
