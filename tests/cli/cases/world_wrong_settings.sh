#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail world
echo $?
vitrail world scenes/objects
echo $?
vitrail world scenes/object --set cluter=3
echo $?
vitrail world scenes/object --set clutter
echo $?
vitrail world scenes/object --clutter 99
echo $?
vitrail world scenes/object --px 65
echo $?
vitrail world scenes/object --form four --count 1
echo $?
vitrail world scenes/object --count -1
echo $?
vitrail world scenes/object extra
echo $?
ls
