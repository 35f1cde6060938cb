#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Recipes that come with vitrail, with their text.
vitrail train --list | grep -E '^(Recipe|scenes-object )'
vitrail train --list --json | python3 -c "
import json, sys
for recipe in json.load(sys.stdin)['recipes']:
    if recipe['name'] == 'scenes-object':
        print(recipe['model'], recipe['world'], '[stage main]' in recipe['text'])"
