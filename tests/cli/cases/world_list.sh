#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail world --list
vitrail world --list --json | grep -c '"id"' | sed 's/[0-9].*/some/'
