#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exit: 3
vitrail inspect "$DATA/unsupported.onnx"
