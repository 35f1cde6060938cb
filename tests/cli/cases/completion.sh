#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail completion bash > c.sh && bash -n c.sh && grep -c "explain evaluate inspect methods profile completion help version" c.sh
