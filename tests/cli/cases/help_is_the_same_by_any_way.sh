#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail explain --help > a && vitrail explain -h > b && vitrail help explain > c && cmp a b && cmp a c
vitrail help > a && vitrail -h > b && cmp a b
