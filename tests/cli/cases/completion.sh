#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail completion bash > c.sh && bash -n c.sh && grep -c "explain attribute evaluate inspect trace gradient methods metrics profile world train validate repro truth compare exhibits completion help version" c.sh
