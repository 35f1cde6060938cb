#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail repro --list --docs "$SOURCE/docs/papers"
vitrail repro --list --json | grep -c "\"number\""
