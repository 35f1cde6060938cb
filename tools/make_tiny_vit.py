#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A vision transformer of a few thousand random weights, for tests: 16 × 16 pictures in patches of 4 × 4, a class token,
two blocks with norms before attention and feed-forward part, classes read from the class token.

  make_tiny_vit.py [FOLDER]    writes tiny_vit.onnx and tiny_vit.json into tests/attribution/data
"""
import json
import os
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, PATCH, WIDTH, HEADS, HIDDEN, CLASSES, BLOCKS = 16, 4, 12, 3, 24, 4, 2
TOKENS = (SIDE // PATCH) ** 2 + 1


class Builder:
    def __init__(self):
        self.nodes, self.constants = [], []
        self.random = numpy.random.default_rng(20)

    def constant(self, name, values):
        self.constants.append(numpy_helper.from_array(numpy.asarray(values), name))
        return name

    def weight(self, name, *shape, scale=0.5):
        return self.constant(name, (scale * self.random.standard_normal(shape)).astype(numpy.float32))

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output + "_node", **attributes))
        return output

    def norm(self, x, name):
        return self.node("LayerNormalization", [x, self.constant(name + ".scale", numpy.ones(WIDTH, numpy.float32)),
                                                self.weight(name + ".bias", WIDTH, scale=0.1)], name, axis=-1)

    def heads(self, x, name):
        split = self.node("Reshape", [self.node("MatMul", [x, self.weight(name + ".weight", WIDTH, WIDTH)], name + ".flat"),
                                      "split"], name + ".split")
        return self.node("Transpose", [split], name, perm=[0, 2, 1, 3])

    def block(self, x, name):
        normed = self.norm(x, name + ".norm1")
        q, k, v = (self.heads(normed, f"{name}.{part}") for part in "qkv")
        dots = self.node("MatMul", [q, self.node("Transpose", [k], name + ".kt", perm=[0, 1, 3, 2])], name + ".dots")
        pattern = self.node("Softmax", [self.node("Mul", [dots, "scale"], name + ".scores")], name + ".pattern", axis=-1)
        z = self.node("Transpose", [self.node("MatMul", [pattern, v], name + ".z")], name + ".zt", perm=[0, 2, 1, 3])
        out = self.node("MatMul", [self.node("Reshape", [z, "join"], name + ".joined"),
                                   self.weight(name + ".out.weight", WIDTH, WIDTH)], name + ".out")
        x = self.node("Add", [x, out], name + ".middle")
        up = self.node("MatMul", [self.norm(x, name + ".norm2"), self.weight(name + ".up.weight", WIDTH, HIDDEN)], name + ".up")
        down = self.node("MatMul", [self.node("Relu", [up], name + ".hidden"),
                                    self.weight(name + ".down.weight", HIDDEN, WIDTH)], name + ".down")
        return self.node("Add", [x, down], name + ".end")


def model():
    b = Builder()
    b.constant("split", numpy.array([0, TOKENS, HEADS, WIDTH // HEADS], numpy.int64))
    b.constant("join", numpy.array([0, TOKENS, WIDTH], numpy.int64))
    b.constant("row", numpy.array([0, WIDTH, TOKENS - 1], numpy.int64))
    b.constant("first", numpy.array(0, numpy.int64))
    b.constant("scale", numpy.array((WIDTH // HEADS) ** -0.5, numpy.float32))
    patches = b.node("Conv", ["image", b.weight("patch.weight", WIDTH, 3, PATCH, PATCH)], "patches",
                     kernel_shape=[PATCH, PATCH], strides=[PATCH, PATCH])
    tokens = b.node("Transpose", [b.node("Reshape", [patches, "row"], "flat")], "tokens", perm=[0, 2, 1])
    cls = b.weight("class_token", 1, 1, WIDTH)
    x = b.node("Add", [b.node("Concat", [cls, tokens], "all", axis=1), b.weight("positions", 1, TOKENS, WIDTH)], "stream")
    for i in range(BLOCKS):
        x = b.block(x, f"block{i}")
    answer = b.node("Gather", [b.norm(x, "last_norm"), "first"], "embedding", axis=1)
    b.node("MatMul", [answer, b.weight("head", WIDTH, CLASSES, scale=1.0)], "logits")
    graph = helper.make_graph(b.nodes, "tiny_vit",
                              [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES])], b.constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="make_tiny_vit.py")
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "tests", "attribution", "data")
    os.makedirs(folder, exist_ok=True)
    onnx.save(model(), os.path.join(folder, "tiny_vit.onnx"))
    sidecar = {"size": [SIDE, SIDE], "resize": "stretch", "interpolation": "bilinear", "scale": 1 / 255.0,
               "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "layout": "NCHW", "channels": "RGB", "output": "logits",
               "output_name": "logits"}
    with open(os.path.join(folder, "tiny_vit.json"), "w", encoding="utf-8") as file:
        json.dump(sidecar, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
