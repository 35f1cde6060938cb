#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/cli/data: a classifier of colours whose answers are known, its sidecar, and a picture.

The model: x[3,32,32] in 0..1 -> relu(x_c - the mean of the other two, for c = red, green, blue) -> mean over all pixels
-> logits 40*mean for the three colours, 1 for "nothing". So a class gains exactly by the pixels of its colour.
The picture, 128x128, is grey in 4x4 cells of 32: cell (1, 2) red, cell (2, 0) green, cell (3, 3) weakly red.
Needs: numpy, onnx, pillow."""
import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image


def model():
    detect = np.full((3, 3, 1, 1), -0.5, np.float32)
    for channel in range(3):
        detect[channel, channel] = 1
    weight = np.zeros((4, 3), np.float32)
    weight[:3, :3] = 40 * np.eye(3)
    bias = np.array([0, 0, 0, 1], np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "detect"], ["contrast"], name="colour_contrast", kernel_shape=[1, 1]),
        helper.make_node("Relu", ["contrast"], ["colourful"], name="only_more"),
        helper.make_node("GlobalAveragePool", ["colourful"], ["mean"], name="share_of_picture"),
        helper.make_node("Flatten", ["mean"], ["features"], name="flat", axis=1),
        helper.make_node("Gemm", ["features", "weight", "bias"], ["logits"], name="classes", transB=1),
    ]
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 32, 32])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 4])],
        [numpy_helper.from_array(detect, "detect"), numpy_helper.from_array(weight, "weight"),
         numpy_helper.from_array(bias, "bias")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="make_tiny_model.py")
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made


def unsupported():
    node = helper.make_node("Unheard", ["image"], ["logits"], name="odd_node", domain="example.org")
    graph = helper.make_graph([node], "odd", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 4, 4])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("example.org", 1)])


def picture():
    pixels = np.full((128, 128, 3), 90, np.uint8)
    pixels[32:64, 64:96] = (230, 20, 20)
    pixels[64:96, 0:32] = (20, 200, 20)
    pixels[96:128, 96:128] = (150, 90, 90)
    return Image.fromarray(pixels)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "tests", "cli", "data")
    os.makedirs(folder, exist_ok=True)
    onnx.save(model(), os.path.join(folder, "tiny.onnx"))
    onnx.save(unsupported(), os.path.join(folder, "unsupported.onnx"))
    sidecar = {"size": [32, 32], "resize": "stretch", "crop": "none", "interpolation": "bilinear", "scale": 1 / 255,
               "mean": [0, 0, 0], "std": [1, 1, 1], "layout": "NCHW", "channels": "RGB", "output": "logits",
               "output_name": "logits", "labels": "tiny_labels.txt"}
    with open(os.path.join(folder, "tiny.json"), "w", encoding="utf-8") as file:
        json.dump(sidecar, file, indent=1)
        file.write("\n")
    with open(os.path.join(folder, "tiny_labels.txt"), "w", encoding="utf-8") as file:
        file.write("red\ngreen\nblue\nnothing\n")
    picture().save(os.path.join(folder, "squares.png"))


if __name__ == "__main__":
    main()
