#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SVG is blocked until its loader is allowed by name.
printf '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="red"/></svg>' > red.svg
vitrail explain red.svg --regions grid:2x2 --json > /dev/null 2>&1; echo "blocked: $?"
vitrail explain red.svg --regions grid:2x2 --json --allow-loader svgload > /dev/null && echo allowed
vitrail explain red.svg --allow-loader svgloat > /dev/null 2>&1; echo "unknown: $?"
