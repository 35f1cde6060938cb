#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small graphs of opsets 18 to 21 with outputs of ONNX Runtime, for tests/graph/data/opsets.

The conformance cases that Debian packages end at opset 17. Needs the PyPI packages onnx and onnxruntime; run by hand when
a graph is added, the results are committed.

    python3 tools/make_opset_graphs.py [FOLDER]
"""
import pathlib
import shutil
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.helper import make_node as node

RANDOM = np.random.default_rng(20240321)
GRAPHS = {}


def graph(opset):
    """Registers a function that returns (nodes, {input: array}, {constant: array}, [outputs], [functions])."""
    def register(make):
        GRAPHS[make.__name__] = (opset, make)
        return make
    return register


def real(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def ints(*values):
    return np.array(values, np.int64)


@graph(18)
def reductions_with_axes_as_input():
    nodes = [node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0), node("ReduceMax", ["x", "last"], ["most"]),
             node("ReduceL2", ["x", "axes"], ["norm"]), node("ReduceLogSumExp", ["x"], ["lse"], keepdims=0),
             node("ReduceSum", ["x", "none"], ["same"], noop_with_empty_axes=1)]
    return nodes, {"x": real(2, 3, 4)}, {"axes": ints(0, 2), "last": ints(-1), "none": ints()}, \
        ["mean", "most", "norm", "lse", "same"]


@graph(18)
def split_into_unequal_parts():
    return [node("Split", ["x"], ["a", "b", "c"], axis=1, num_outputs=3)], {"x": real(2, 7)}, {}, ["a", "b", "c"]


@graph(18)
def pad_of_some_axes():
    nodes = [node("Pad", ["x", "pads", "value", "axes"], ["constant"]),
             node("Pad", ["x", "pads", "", "axes"], ["edge"], mode="edge"),
             node("Pad", ["x", "pads", "", "axes"], ["reflect"], mode="reflect")]
    return nodes, {"x": real(2, 3, 4)}, {"pads": ints(1, 2, 0, 1), "value": np.float32(7), "axes": ints(2, 1)}, \
        ["constant", "edge", "reflect"]


@graph(18)
def scatter_keeps_extremes():
    nodes = [node("ScatterElements", ["x", "i", "u"], ["most"], axis=1, reduction="max"),
             node("ScatterElements", ["x", "i", "u"], ["least"], axis=1, reduction="min"),
             node("ScatterND", ["x", "at", "row"], ["rows"], reduction="max")]
    return nodes, {"x": real(3, 4), "u": real(3, 2), "row": real(2, 4)}, \
        {"i": np.array([[0, 0], [1, 3], [2, 2]], np.int64), "at": np.array([[2], [0]], np.int64)}, \
        ["most", "least", "rows"]


@graph(18)
def resize_of_some_axes():
    nodes = [node("Resize", ["x", "", "", "sizes"], ["stretched"], axes=[2, 3], mode="linear"),
             node("Resize", ["x", "", "scales"], ["cubic"], axes=[3, 2], mode="cubic",
                  coordinate_transformation_mode="align_corners")]
    return nodes, {"x": real(1, 2, 4, 5)}, {"sizes": ints(6, 3), "scales": np.array([1.6, 2], np.float32)}, \
        ["stretched", "cubic"]


@graph(18)
def group_normalisation_by_group():
    nodes = [node("GroupNormalization", ["x", "scale", "bias"], ["y"], num_groups=2, epsilon=1e-4)]
    return nodes, {"x": real(2, 6, 3, 2)}, {"scale": real(2), "bias": real(2)}, ["y"]


@graph(18)
def bits_and_mish():
    nodes = [node("BitwiseAnd", ["a", "b"], ["and"]), node("BitwiseXor", ["a", "b"], ["xor"]),
             node("BitwiseNot", ["a"], ["not"]), node("Mish", ["x"], ["mish"])]
    return nodes, {"a": ints(1, 6, -5), "b": ints(3, 5, 9), "x": real(5)}, {}, ["and", "xor", "not", "mish"]


@graph(19)
def average_pool_with_gaps():
    nodes = [node("AveragePool", ["x"], ["y"], kernel_shape=[2, 2], dilations=[2, 2], strides=[1, 2], pads=[1, 0, 0, 1],
                  count_include_pad=1)]
    return nodes, {"x": real(1, 2, 6, 7)}, {}, ["y"]


@graph(19)
def resize_with_symmetric_centres():
    nodes = [node("Resize", ["x", "", "scales"], ["y"], mode="linear",
                  coordinate_transformation_mode="half_pixel_symmetric")]
    return nodes, {"x": real(1, 1, 5, 5)}, {"scales": np.array([1, 1, 0.7, 1.3], np.float32)}, ["y"]


@graph(19)
def pad_that_wraps():
    return [node("Pad", ["x", "pads"], ["y"], mode="wrap")], {"x": real(3, 4)}, {"pads": ints(2, 1, 1, 3)}, ["y"]


@graph(20)
def gelu_both_ways():
    nodes = [node("Gelu", ["x"], ["exact"]), node("Gelu", ["x"], ["close"], approximate="tanh")]
    return nodes, {"x": RANDOM.uniform(-3, 3, (4, 5)).astype(np.float32)}, {}, ["exact", "close"]


@graph(20)
def sampling_of_a_grid():
    nodes = [node("GridSample", ["x", "grid"], ["linear"], mode="linear", padding_mode="border"),
             node("GridSample", ["x", "grid"], ["nearest"], mode="nearest", align_corners=1),
             node("GridSample", ["x", "grid"], ["cubic"], mode="cubic", padding_mode="reflection")]
    grid = RANDOM.uniform(-1.2, 1.2, (1, 3, 4, 2)).astype(np.float32)
    return nodes, {"x": real(1, 2, 5, 6), "grid": grid}, {}, ["linear", "nearest", "cubic"]


@graph(20)
def extremes_of_booleans_and_infinities():
    nodes = [node("IsInf", ["x"], ["inf"], detect_negative=0), node("IsNaN", ["x"], ["nan"]),
             node("Cast", ["nan"], ["n"], to=TensorProto.INT64), node("ReduceMax", ["n", "axis"], ["any"], keepdims=0)]
    x = np.array([[1, np.inf, -np.inf], [np.nan, 0, 2]], np.float32)
    return nodes, {"x": x}, {"axis": ints(1)}, ["inf", "nan", "any"]


@graph(21)
def group_normalisation_by_channel():
    nodes = [node("GroupNormalization", ["x", "scale", "bias"], ["y"], num_groups=3)]
    return nodes, {"x": real(2, 6, 4)}, {"scale": real(6), "bias": real(6)}, ["y"]


@graph(21)
def attention_block():
    """One head-split attention block whose shapes are computed from the input's."""
    nodes = [node("LayerNormalization", ["x", "g", "b"], ["n"], axis=-1),
             node("MatMul", ["n", "wqkv"], ["qkv"]), node("Split", ["qkv"], ["q", "k", "v"], axis=-1, num_outputs=3),
             node("Shape", ["x"], ["leading"], end=2), node("Concat", ["leading", "tail"], ["heads"], axis=0)]
    for name in "qkv":
        nodes += [node("Reshape", [name, "heads"], [name + "r"]),
                  node("Transpose", [name + "r"], [name + "t"], perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3])]
    nodes += [node("MatMul", ["qt", "kt"], ["s"]), node("Mul", ["s", "scale"], ["ss"]), node("Softmax", ["ss"], ["p"]),
              node("MatMul", ["p", "vt"], ["o"]), node("Transpose", ["o"], ["ot"], perm=[0, 2, 1, 3]),
              node("Reshape", ["ot", "merged"], ["om"]), node("MatMul", ["om", "wo"], ["out"]),
              node("Add", ["out", "x"], ["y"])]
    return nodes, {"x": real(2, 5, 8)}, \
        {"g": real(8), "b": real(8), "wqkv": real(8, 24), "wo": real(8, 8), "tail": ints(2, 4), "merged": ints(0, 0, 8),
         "scale": np.float32(0.5)}, ["p", "y"]


@graph(21)
def small_classifier():
    nodes = [node("Conv", ["x", "w", "b"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
             node("BatchNormalization", ["c", "g", "h", "m", "v"], ["n"]), node("HardSwish", ["n"], ["a"]),
             node("GlobalAveragePool", ["a"], ["pooled"]), node("Squeeze", ["pooled", "axes"], ["flat"]),
             node("Gemm", ["flat", "fc", "fb"], ["logits"], transB=1), node("Softmax", ["logits"], ["p"])]
    return nodes, {"x": real(2, 3, 8, 8)}, \
        {"w": real(4, 3, 3, 3), "b": real(4), "g": real(4), "h": real(4), "m": real(4), "v": np.abs(real(4)) + 0.1,
         "axes": ints(2, 3), "fc": real(5, 4), "fb": real(5)}, ["logits", "p"]


@graph(21)
def local_function_with_defaults():
    """A function of IR 9 and later: one attribute given by the call, one left at its default, a call inside a call."""
    alpha = onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    axis = onnx.AttributeProto(name="axis", ref_attr_name="axis", type=onnx.AttributeProto.INT)
    leaky = node("LeakyRelu", ["x"], ["l"])
    leaky.attribute.append(alpha)
    softmax = node("Softmax", ["l"], ["y"])
    softmax.attribute.append(axis)
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("local", 1)]
    inner = helper.make_function("local", "sharpen", ["x"], ["y"], [leaky, softmax], imports, ["axis"],
                                 [helper.make_attribute("slope", 0.25)])
    outer = helper.make_function("local", "twice", ["x"], ["y"],
                                 [node("sharpen", ["x"], ["l"], domain="local", axis=0),
                                  node("sharpen", ["l"], ["y"], domain="local", axis=1, slope=0.5)], imports, [])
    nodes = [node("twice", ["x"], ["l"], domain="local"), node("sharpen", ["l"], ["y"], domain="local", axis=-1)]
    return nodes, {"x": real(3, 4)}, {}, ["y"], [inner, outer]


@graph(21)
def casts_of_every_number_type():
    names = ["FLOAT16", "DOUBLE", "BFLOAT16", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64",
             "BOOL"]
    nodes = []
    for name in names:
        nodes += [node("Cast", ["x"], [name], to=getattr(TensorProto, name)),
                  node("Cast", [name], ["back_" + name], to=TensorProto.FLOAT)]
    return nodes, {"x": np.array([0, 1, 2.5, 99.75, 120], np.float32)}, {}, ["back_" + name for name in names]


def save(folder, name, opset, make):
    nodes, inputs, constants, outputs, *rest = make()
    functions = rest[0] if rest else []
    infos = [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in inputs.items()]
    weights = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    imports = [helper.make_opsetid("", opset)] + ([helper.make_opsetid("local", 1)] if functions else [])
    unknown = [onnx.ValueInfoProto(name=o) for o in outputs]
    model = helper.make_model(helper.make_graph(nodes, name, infos, unknown, weights), opset_imports=imports,
                              functions=functions, ir_version=10, producer_name="vitrail tests")
    model = onnx.shape_inference.infer_shapes(model) if not functions else model
    if functions:
        for info in model.graph.output:
            info.CopyFrom(helper.make_tensor_value_info(info.name, TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run(outputs, inputs)
    place = folder / name / "test_data_set_0"
    place.mkdir(parents=True)
    onnx.save(model, folder / name / "model.onnx")
    for i, value in enumerate(inputs.values()):
        (place / f"input_{i}.pb").write_bytes(numpy_helper.from_array(value).SerializeToString())
    for i, value in enumerate(results):
        (place / f"output_{i}.pb").write_bytes(numpy_helper.from_array(value).SerializeToString())
    print(f"{name}: opset {opset}, {len(nodes)} nodes")


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/graph/data/opsets")
    shutil.rmtree(folder, ignore_errors=True)
    for name, (opset, make) in GRAPHS.items():
        save(folder, name, opset, make)


if __name__ == "__main__":
    main()
