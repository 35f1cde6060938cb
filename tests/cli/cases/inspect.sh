#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
vitrail inspect "$DATA/tiny.onnx" --layers
