#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
: > taken
vitrail repro lima --items 1 --out taken
