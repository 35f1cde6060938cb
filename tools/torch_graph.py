#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An ONNX graph as PyTorch calls, for comparisons: values, gradients, speed. Shapes are taken from one example input, and
everything that follows from shapes and constants alone is computed once. Covers the operators of the networks compared."""
import numpy
import onnx
import onnx.numpy_helper
import torch
import torch.nn.functional as F


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def pairs(pads):
    """ONNX pads (all begins, then all ends) as F.pad wants them: last axis first, begin and end."""
    half = len(pads) // 2
    return [int(p) for axis in reversed(range(half)) for p in (pads[axis], pads[axis + half])]


def axes_of(node, inputs, default=None):
    given = attributes(node).get("axes")
    if given is None and len(inputs) > 1 and inputs[1] is not None:
        given = inputs[1].tolist()
    return given if given is not None else default


def conv(node, inputs):
    said = attributes(node)
    x, w = inputs[:2]
    pads = said.get("pads", [0] * (2 * (w.dim() - 2)))
    half = len(pads) // 2
    if list(pads[:half]) == list(pads[half:]):
        padding = list(pads[:half])
    else:
        x, padding = F.pad(x, pairs(pads)), 0
    call = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}[w.dim()]
    return call(x, w, inputs[2] if len(inputs) > 2 else None, said.get("strides", 1), padding,
                said.get("dilations", 1), said.get("group", 1))


def conv_transpose(node, inputs):
    said = attributes(node)
    pads = said.get("pads", [0, 0, 0, 0])
    return F.conv_transpose2d(inputs[0], inputs[1], inputs[2] if len(inputs) > 2 else None, said.get("strides", 1),
                              list(pads[:2]), said.get("output_padding", 0), said.get("group", 1),
                              said.get("dilations", 1))


def gemm(node, inputs):
    said = attributes(node)
    a = inputs[0].t() if said.get("transA") else inputs[0]
    b = inputs[1].t() if said.get("transB") else inputs[1]
    y = said.get("alpha", 1.0) * (a @ b)
    return y + said.get("beta", 1.0) * inputs[2] if len(inputs) > 2 else y


def resize(node, inputs):
    said = attributes(node)
    mode = said.get("mode", b"nearest").decode()
    how = said.get("coordinate_transformation_mode", b"half_pixel").decode()
    x = inputs[0]
    if len(inputs) > 3 and inputs[3] is not None:
        size = [int(s) for s in inputs[3][2:]]
    else:
        size = [int(numpy.floor(d * float(s))) for d, s in zip(x.shape[2:], inputs[2][2:])]
    if mode == "nearest":
        return F.interpolate(x, size=size, mode="nearest")
    return F.interpolate(x, size=size, mode={"linear": "bilinear", "cubic": "bicubic"}[mode],
                         align_corners=how == "align_corners")


def clip(node, inputs):
    low = inputs[1] if len(inputs) > 1 and inputs[1] is not None else None
    high = inputs[2] if len(inputs) > 2 and inputs[2] is not None else None
    return torch.clamp(inputs[0], None if low is None else float(low), None if high is None else float(high))


def slice_(node, inputs):
    starts, ends = inputs[1].tolist(), inputs[2].tolist()
    axes = inputs[3].tolist() if len(inputs) > 3 and inputs[3] is not None else range(len(starts))
    steps = inputs[4].tolist() if len(inputs) > 4 and inputs[4] is not None else [1] * len(starts)
    index = [slice(None)] * inputs[0].dim()
    x = inputs[0]
    for start, end, axis, step in zip(starts, ends, axes, steps):
        size = x.shape[axis]
        if step < 0:
            keep = torch.arange(size)[slice(None)].numpy()[start:None if end < -size else end:step].copy()
            x = x.index_select(axis, torch.from_numpy(keep))
            continue
        index[axis] = slice(start, min(end, size), step)
    return x[tuple(index)]


def reduce_(call):
    def run(node, inputs):
        said = attributes(node)
        axes = axes_of(node, inputs)
        keep = bool(said.get("keepdims", 1))
        return call(inputs[0], dim=tuple(axes) if axes is not None else tuple(range(inputs[0].dim())), keepdim=keep)
    return run


def gather(node, inputs):
    axis = attributes(node).get("axis", 0)
    x, index = inputs
    axis %= x.dim()
    picked = x.index_select(axis, (index.reshape(-1) % x.shape[axis]).long())
    return picked.reshape(list(x.shape[:axis]) + list(index.shape) + list(x.shape[axis + 1:]))


def unsqueeze(node, inputs):
    axes = axes_of(node, inputs)
    rank = inputs[0].dim() + len(axes)
    x = inputs[0]
    for axis in sorted(a % rank for a in axes):
        x = x.unsqueeze(axis)
    return x


def squeeze(node, inputs):
    axes = axes_of(node, inputs)
    x = inputs[0]
    if axes is None:
        return x.squeeze()
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = x.squeeze(axis)
    return x


def reshape(node, inputs):
    shape = [inputs[0].shape[i] if s == 0 else s for i, s in enumerate(inputs[1].tolist())]
    return inputs[0].reshape(shape)


def pool(call):
    def run(node, inputs):
        said = attributes(node)
        pads, x = said.get("pads", [0, 0, 0, 0]), inputs[0]
        if any(pads):
            x = F.pad(x, pairs(pads), value=float("-inf") if call is F.max_pool2d else 0)
        return call(x, list(said["kernel_shape"]), list(said.get("strides", [1, 1])))
    return run


TYPES = {1: torch.float32, 2: torch.uint8, 3: torch.int8, 6: torch.int32, 7: torch.int64, 9: torch.bool, 11: torch.float64}
OPERATORS = {
    "Add": lambda n, i: i[0] + i[1], "Sub": lambda n, i: i[0] - i[1], "Mul": lambda n, i: i[0] * i[1],
    "Div": lambda n, i: torch.div(i[0], i[1], rounding_mode=None if i[0].is_floating_point() else "trunc"),
    "Pow": lambda n, i: torch.pow(i[0], float(i[1])), "Sqrt": lambda n, i: torch.sqrt(i[0]),
    "Erf": lambda n, i: torch.erf(i[0]), "Relu": lambda n, i: torch.relu(i[0]), "Neg": lambda n, i: -i[0],
    "Sigmoid": lambda n, i: torch.sigmoid(i[0]), "Tanh": lambda n, i: torch.tanh(i[0]), "Clip": clip, "Conv": conv,
    "ConvTranspose": conv_transpose, "Gemm": gemm, "MatMul": lambda n, i: i[0] @ i[1],
    "Softmax": lambda n, i: torch.softmax(i[0], attributes(n).get("axis", -1)),
    "LayerNormalization": lambda n, i: F.layer_norm(i[0], i[0].shape[attributes(n).get("axis", -1):], i[1],
                                                    i[2] if len(i) > 2 else None, attributes(n).get("epsilon", 1e-5)),
    "BatchNormalization": lambda n, i: F.batch_norm(i[0], i[3], i[4], i[1], i[2], False, 0,
                                                    attributes(n).get("epsilon", 1e-5)),
    "ReduceMean": reduce_(torch.mean), "ReduceSum": reduce_(torch.sum),
    "GlobalAveragePool": lambda n, i: i[0].mean(tuple(range(2, i[0].dim())), keepdim=True),
    "MaxPool": pool(F.max_pool2d), "AveragePool": pool(F.avg_pool2d), "Resize": resize, "Reshape": reshape,
    "Flatten": lambda n, i: i[0].flatten(attributes(n).get("axis", 1)),
    "Transpose": lambda n, i: i[0].permute(attributes(n).get("perm", list(reversed(range(i[0].dim()))))),
    "Concat": lambda n, i: torch.cat(i, attributes(n)["axis"]), "Slice": slice_, "Gather": gather,
    "Unsqueeze": unsqueeze, "Squeeze": squeeze, "Identity": lambda n, i: i[0],
    "Expand": lambda n, i: i[0].expand(torch.broadcast_shapes(i[0].shape, tuple(i[1].tolist()))),
    "Pad": lambda n, i: F.pad(i[0], pairs(i[1].tolist()), value=float(i[2]) if len(i) > 2 and i[2] is not None else 0.0),
    "Cast": lambda n, i: i[0].to(TYPES[attributes(n)["to"]]), "Shape": lambda n, i: torch.tensor(i[0].shape),
    "ConstantOfShape": lambda n, i: torch.full(i[0].tolist(), attributes(n)["value"].float_data[0]
                                               if attributes(n).get("value") is not None and attributes(n)["value"].float_data
                                               else onnx.numpy_helper.to_array(attributes(n)["value"]).item()
                                               if attributes(n).get("value") is not None else 0.0),
    "Equal": lambda n, i: i[0] == i[1], "Where": lambda n, i: torch.where(i[0], i[1], i[2]),
    "Split": lambda n, i: torch.split(i[0], i[1].tolist() if len(i) > 1 else list(attributes(n)["split"]),
                                      attributes(n).get("axis", 0)),
}


class TorchGraph(torch.nn.Module):
    """`example`: {input name: tensor}. Called with the varying inputs in the graph's order; returns {name: tensor} of
    the outputs and of `wanted` tensors."""

    def __init__(self, path, example, dtype=torch.float32, wanted=()):
        super().__init__()
        model = onnx.load(path)
        graph = model.graph
        self.inputs = [i.name for i in graph.input if i.name not in {t.name for t in graph.initializer}]
        self.outputs = [o.name for o in graph.output]
        self.wanted = list(wanted)
        known = {}
        for tensor in graph.initializer:
            known[tensor.name] = torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy())
        for name, value in known.items():
            if value.is_floating_point():
                known[name] = value.to(dtype)
        self.constants, self.steps, self.dtype = known, [], dtype
        varying = set(self.inputs)
        values = {name: (t.to(dtype) if t.is_floating_point() else t) for name, t in example.items()}
        with torch.no_grad():
            for node in graph.node:
                if node.op_type == "Constant":
                    value = torch.from_numpy(onnx.numpy_helper.to_array(attributes(node)["value"]).copy())
                    known[node.output[0]] = value.to(dtype) if value.is_floating_point() else value
                    continue
                inputs = [None if not name else known.get(name, values.get(name)) for name in node.input]
                found = OPERATORS[node.op_type](node, inputs)
                found = found if isinstance(found, (tuple, list)) else [found]
                fixed = node.op_type == "Shape" or not any(name in varying for name in node.input)
                for name, value in zip(node.output, found):
                    value = value.to(dtype) if value.is_floating_point() else value
                    (known if fixed else values)[name] = value
                    if not fixed:
                        varying.add(name)
                if not fixed:
                    self.steps.append(node)

    def forward(self, *inputs, replace=None):
        values = dict(zip(self.inputs, inputs))
        replace = replace or {}
        for node in self.steps:
            given = [None if not name else values[name] if name in values else self.constants[name] for name in node.input]
            found = OPERATORS[node.op_type](node, given)
            for name, value in zip(node.output, found if isinstance(found, (tuple, list)) else [found]):
                value = value.to(self.dtype) if value.is_floating_point() else value  # Cast says f32 in f64 runs too
                values[name] = replace[name](value) if name in replace else value
        return {name: values[name] if name in values else self.constants[name] for name in self.outputs + self.wanted}


if __name__ == "__main__":
    import sys
    import onnxruntime
    for model_path in sys.argv[1:]:
        session = onnxruntime.InferenceSession(model_path, providers=["CPUExecutionProvider"])
        feed = {}
        generator = numpy.random.default_rng(0)
        for source in session.get_inputs():
            shape = [d if isinstance(d, int) else (1 if k == 0 else 16) for k, d in enumerate(source.shape)]
            feed[source.name] = (generator.standard_normal(shape).astype(numpy.float32) if "float" in source.type
                                 else numpy.ones(shape, numpy.int64))
        graph_ = TorchGraph(model_path, {k: torch.from_numpy(v) for k, v in feed.items()})
        got = graph_(*[torch.from_numpy(feed[n]) for n in graph_.inputs])
        for name_, want in zip([o.name for o in session.get_outputs()], session.run(None, feed)):
            mine = got[name_].detach().numpy()
            print(model_path, name_, numpy.linalg.norm(mine - want) / max(numpy.linalg.norm(want), 1e-30))
