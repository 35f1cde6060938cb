#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A world without pictures has neither images nor a sheet.
vitrail world tree --count 3
ls tree
