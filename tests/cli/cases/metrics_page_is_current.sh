#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/metrics.md is printed by the command; make it again with: vitrail metrics --markdown > docs/metrics.md
vitrail metrics --markdown | diff - "$SOURCE/docs/metrics.md"
