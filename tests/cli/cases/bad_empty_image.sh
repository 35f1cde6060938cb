#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 4
: > empty.jpg; vitrail explain empty.jpg
