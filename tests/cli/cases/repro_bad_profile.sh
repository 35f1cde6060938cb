#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
vitrail repro lima --part planted --profile quik
