#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
: > taken
vitrail repro lima --part planted --items 1 --out taken
