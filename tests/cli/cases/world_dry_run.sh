#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The speed of making items; nothing is written, and a world without fields to train on says so.
vitrail world scenes/seg --count 20 --threads 2 --dry-run
ls
