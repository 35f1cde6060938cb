#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 1
# The reader is gone before anything is written: a message and exit code 1, no death by signal.
mkfifo pipe
( exec 3< pipe; exec 3<&- ) &
exec 4> pipe
wait
vitrail methods >&4
