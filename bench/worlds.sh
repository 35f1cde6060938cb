#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How many items of each world of pictures are made a second, as training reads them (pictures as floats, all truth fields, no
# files): bench/worlds.sh VITRAIL [THREADS [COUNT]]
set -eu
vitrail=$1 threads=${2:-2} count=${3:-4000}
for world in $("$vitrail" world --list --json | sed -n 's/.*"id": *"\(\(scenes\|creatures\|glyphs\|scans2d\)[^"]*\)".*/\1/p'); do
  "$vitrail" world "$world" --count "$count" --threads "$threads" --dry-run
done
