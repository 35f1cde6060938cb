#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/cli/data/words.onnx and words.npy: a classifier of six words whose answers are known by hand.

ids[1, T] -> table[6, 4] -> sum over the words -> logits for "warm" and "cold": each word adds its own weights, so that the gradient
times input of a word is its weight, and integrated gradients from zero are exact. Also sentence.onnx, the same with the inputs of
BERT in a fixed length of six: an attention mask that multiplies, token types that would add 100 if they were not 0, and a padding
that would count were it not masked; vocabulary in vocab.txt. Needs: numpy, onnx."""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def main():
    folder = sys.argv[1]
    table = np.array([[0, 0, 0, 0], [2, 0, 0, 1], [0, 3, 0, 0], [1, 1, 0, 0], [0, 0, 5, 0], [-1, 0, 0, 2]], np.float32)
    weight = np.array([[1, 0], [0, 1], [0, 0], [0.5, 0]], np.float32)
    nodes = [helper.make_node("Gather", ["table", "ids"], ["words"], name="lookup"),
             helper.make_node("ReduceSum", ["words", "axis"], ["sum"], name="bag", keepdims=0),
             helper.make_node("MatMul", ["sum", "weight"], ["logits"], name="classes")]
    graph = helper.make_graph(nodes, "words", [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "tokens"])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])],
                              [numpy_helper.from_array(table, "table"), numpy_helper.from_array(weight, "weight"),
                               numpy_helper.from_array(np.array([1], np.int64), "axis")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="make_tiny_text.py")
    made.ir_version = 8
    onnx.checker.check_model(made)
    onnx.save(made, os.path.join(folder, "words.onnx"))
    np.save(os.path.join(folder, "words.npy"), np.array([[1, 4, 2, 5]], np.int64))
    sentence(folder, weight)


def sentence(folder, weight):
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "warm", "##th"]
    table = np.array([[7, 7, 7, 7], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [2, 0, 0, 2], [0, -1, 0, 1]], np.float32)
    types = np.array([[0, 0, 0, 0], [100, 100, 100, 100]], np.float32)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["words"], name="lookup"),
             helper.make_node("Gather", ["types", "token_type_ids"], ["segments"], name="segment_lookup"),
             helper.make_node("Add", ["words", "segments"], ["embedded"], name="add"),
             helper.make_node("Cast", ["attention_mask"], ["mask"], name="cast", to=TensorProto.FLOAT),
             helper.make_node("Unsqueeze", ["mask", "last"], ["wide_mask"], name="widen"),
             helper.make_node("Mul", ["embedded", "wide_mask"], ["seen"], name="see"),
             helper.make_node("ReduceSum", ["seen", "axis"], ["sum"], name="bag", keepdims=0),
             helper.make_node("MatMul", ["sum", "weight"], ["logits"], name="classes")]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, 6]) for name in ("attention_mask", "input_ids", "token_type_ids")]
    graph = helper.make_graph(nodes, "sentence", inputs, [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2])],
                              [numpy_helper.from_array(table, "table"), numpy_helper.from_array(types, "types"),
                               numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.array([1], np.int64), "axis"),
                               numpy_helper.from_array(np.array([2], np.int64), "last")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="make_tiny_text.py")
    made.ir_version = 8
    onnx.checker.check_model(made)
    onnx.save(made, os.path.join(folder, "sentence.onnx"))
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(pieces) + "\n")


if __name__ == "__main__":
    main()
