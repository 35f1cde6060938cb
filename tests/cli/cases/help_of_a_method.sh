#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The method's own parameters stand in the help; examples come first.
vitrail explain --method smdl --help
