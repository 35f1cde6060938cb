#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
mkdir scenes-object
vitrail world scenes/object --count 1
code=$?
vitrail world scenes/object --count 1 --force
exit $code
