#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain --help | grep -c "$(printf '\033')"
vitrail explain --help --color always | grep -c "$(printf '\033')" > some
test "$(cat some)" -gt 2
