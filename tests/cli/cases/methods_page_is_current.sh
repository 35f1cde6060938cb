#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/methods.md is printed by the command; make it again with: vitrail methods --markdown > docs/methods.md
vitrail methods --markdown | diff - "$SOURCE/docs/methods.md"
