#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 2
# methods made of attention say what the model lacks
for method in attention-rollout chefer grad-eclip; do
  vitrail explain "$DATA/squares.png" --method $method
done
vitrail explain "$DATA/squares.png" --method vit-cx
