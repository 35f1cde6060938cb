#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The saliency map of an explanation is a map like any other. Higher insertion than the same map turned around.
vitrail explain "$DATA/squares.png" --regions grid:4x4 --out e > /dev/null && vitrail evaluate "$DATA/squares.png" --map e/saliency.npy --protocol vitrail-50 --target red
