#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Relevance maps a second time, for rules that the stored arrays do not cover.

    second_lrp.py --model efficientnet_lite0.onnx --vitrail build/src/cli/vitrail --photo PHOTO
                  [--transformer vit_s_focus.onnx] [--precision f32|f64] [--only NAME]

The convolutional network is rebuilt as torch modules from the ONNX weights and explained by zennit; the
transformer is written out again with AttnLRP's rules as torch functions. Both in f64. Then `vitrail explain`
runs on the same pixels, and relative L2 distances are printed. Exit status 1 when one exceeds 1e-3.
"""
import argparse
import math
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from PIL import Image
from zennit.composites import (EpsilonAlpha2Beta1, EpsilonAlpha2Beta1Flat, EpsilonGammaBox, EpsilonPlus,
                               EpsilonPlusFlat, LayerMapComposite, SpecialFirstLayerMapComposite, layer_map_base)
from zennit.layer import Sum
from zennit.rules import AlphaBeta, Epsilon, Flat, Gamma, Norm, WSquare, ZBox, ZPlus
from zennit.types import Convolution, Linear

LIMIT = 1e-3
# Relevance that is not in proportion to activations meets denominators near zero: f32 is off by percents.
NEED_F64 = ("lrp, flat everywhere", "lrp, w-square everywhere", "attn-lrp")


def prepared(photo):
    """Short side to 224 (bicubic), centre crop: [224, 224, 3] u8."""
    image = Image.open(photo).convert("RGB")
    width, height = image.size
    scale = 224 / min(width, height)
    width, height = max(224, round(width * scale)), max(224, round(height * scale))
    image = image.resize((width, height), Image.BICUBIC)
    left, top = (width - 224) // 2, (height - 224) // 2
    return np.asarray(image.crop((left, top, left + 224, top + 224)))


def inner_values(path, names, feed):
    """Values of inner tensors by ONNX Runtime."""
    model = onnx.load(path)
    known = {output.name for output in model.graph.output}
    for name in names:
        if name not in known:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, feed)))


# ---- the convolutional network, for zennit ----

class Network(torch.nn.Module):
    """The nodes of an EfficientNet-lite graph one after the other."""

    def __init__(self, path, x):
        super().__init__()
        graph = onnx.load(path).graph
        weights = {i.name: torch.tensor(numpy_helper.to_array(i), dtype=torch.float64) for i in graph.initializer}
        pads = [node.input[1] for node in graph.node if node.op_type == "Pad"]
        pads = inner_values(path, pads, {graph.input[0].name: x}) if pads else {}
        self.input, self.output, self.steps = graph.input[0].name, graph.output[0].name, []
        for node in graph.node:
            module = self.module(node, weights, pads)
            if module is None:
                continue
            self.add_module(f"step{len(self.steps)}", module)
            inputs = list(node.input[:2]) if node.op_type == "Add" else [node.input[0]]
            self.steps.append((module, inputs, node.output[0]))

    @staticmethod
    def module(node, weights, pads):
        said = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Conv":
            w = weights[node.input[1]]
            begin = said.get("pads", [0, 0, 0, 0])
            layer = torch.nn.Conv2d(w.shape[1] * said.get("group", 1), w.shape[0], w.shape[2:],
                                    stride=tuple(said.get("strides", (1, 1))), padding=tuple(begin[:2]),
                                    groups=said.get("group", 1), dtype=torch.float64)
            assert begin[:2] == begin[2:]
            layer.weight.data, layer.bias.data = w, weights[node.input[2]]
            return layer
        if node.op_type == "Clip":
            return torch.nn.ReLU6()
        if node.op_type == "Add":
            return Sum()
        if node.op_type == "Pad":
            p = pads[node.input[1]]
            return torch.nn.ZeroPad2d((int(p[3]), int(p[7]), int(p[2]), int(p[6])))
        if node.op_type == "ReduceMean":
            return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
        if node.op_type == "Gemm":
            w = weights[node.input[1]]
            layer = torch.nn.Linear(w.shape[1], w.shape[0], dtype=torch.float64)
            layer.weight.data, layer.bias.data = w, weights[node.input[2]]
            return layer
        return None

    def forward(self, x):
        values = {self.input: x}
        for module, inputs, output in self.steps:
            taken = [values[name] for name in inputs]
            values[output] = module(torch.stack(taken, dim=-1) if len(taken) > 1 else taken[0])
        return values[self.output]


def layers(convolutions, dense, first=None):
    rules = layer_map_base() + [(Convolution, convolutions), (torch.nn.Linear, dense)]
    if first is None:
        return LayerMapComposite(layer_map=rules)
    return SpecialFirstLayerMapComposite(layer_map=rules, first_map=[(Linear, first)])


def cases(low, high):
    """Name, zennit's composite, vitrail's settings."""
    return [
        ("epsilon-plus", EpsilonPlus(), ["--composite", "epsilon-plus"]),
        ("epsilon-gamma-box", EpsilonGammaBox(low=low, high=high), ["--composite", "epsilon-gamma-box"]),
        ("epsilon-plus-flat", EpsilonPlusFlat(), ["--composite", "epsilon-plus-flat"]),
        ("epsilon-alpha2-beta1", EpsilonAlpha2Beta1(), ["--composite", "epsilon-alpha2-beta1"]),
        ("epsilon-alpha2-beta1-flat", EpsilonAlpha2Beta1Flat(), ["--composite", "epsilon-alpha2-beta1-flat"]),
        ("gamma 0.25 everywhere", layers(Gamma(), Gamma()), ["--composite", "gamma"]),
        ("gamma 1 everywhere", layers(Gamma(1.0), Gamma(1.0)), ["--composite", "gamma", "--gamma", "1"]),
        ("alpha 1 beta 0", layers(AlphaBeta(1, 0), Epsilon()),
         ["--composite", "alpha-beta", "--alpha", "1", "--beta", "0"]),
        ("alpha 1.5 beta 0.5, dense too", layers(AlphaBeta(1.5, 0.5), AlphaBeta(1.5, 0.5)),
         ["--composite", "alpha-beta", "--alpha", "1.5", "--beta", "0.5", "--dense", "alpha-beta"]),
        ("z-plus everywhere", layers(ZPlus(), ZPlus()), ["--convolutions", "z-plus", "--dense", "z-plus"]),
        ("epsilon-plus, w-square first", layers(ZPlus(), Epsilon(), WSquare()), ["--first", "w-square"]),
        ("epsilon 0.25, z-box first", layers(Epsilon(0.25), Epsilon(0.25), ZBox(low, high)),
         ["--composite", "epsilon", "--epsilon", "0.25", "--first", "z-box"]),
        ("flat everywhere", layers(Flat(), Flat()), ["--convolutions", "flat", "--dense", "flat"]),
        ("w-square everywhere", layers(WSquare(), WSquare()),
         ["--convolutions", "w-square", "--dense", "w-square"]),
        ("epsilon 0.25, stabilizer 0.01",
         LayerMapComposite(layer_map=layer_map_base(0.01) + [(Linear, Epsilon(0.25))]),
         ["--composite", "epsilon", "--epsilon", "0.25", "--stabilizer", "0.01"]),
        ("epsilon-plus, no bias", EpsilonPlus(zero_params="bias"), ["--composite", "epsilon-plus", "--bias",
                                                                   "ignored"]),
    ]


def relevance(network, composite, x, target):
    x = x.clone().requires_grad_()
    with composite.context(network) as ruled:
        y = ruled(x)
        start = torch.zeros_like(y)
        start[0, target] = y[0, target].detach()
        return torch.autograd.grad(y, x, start)[0][0].numpy()


# ---- the transformer, by AttnLRP's rules ----

EPSILON = 1e-6


def divide(a, b, epsilon=EPSILON):
    return a / torch.where(b < 0, b - epsilon, b + epsilon)


class Shared(torch.autograd.Function):
    """y = f(x): x times the gradient of <y, R / (y + epsilon)>."""

    @staticmethod
    def forward(ctx, x, f):
        with torch.enable_grad():
            ctx.x = x.detach().requires_grad_()
            ctx.y = f(ctx.x)
        return ctx.y.detach()

    @staticmethod
    def backward(ctx, r):
        g, = torch.autograd.grad(ctx.y, ctx.x, divide(r, ctx.y.detach()))
        return ctx.x.detach() * g, None


class Plus(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a + b

    @staticmethod
    def backward(ctx, r):
        a, b = ctx.saved_tensors
        s = divide(r, a + b)
        return a * s, b * s


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a @ b

    @staticmethod
    def backward(ctx, r):
        a, b = ctx.saved_tensors
        s = divide(r, 2 * (a @ b))
        return a * (s @ b.transpose(-1, -2)), b * (a.transpose(-1, -2) @ s)


class Weigh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        s = torch.softmax(x, -1)
        ctx.save_for_backward(x, s)
        return s

    @staticmethod
    def backward(ctx, r):
        x, s = ctx.saved_tensors
        return x * (r - s * r.sum(-1, keepdim=True))


class Same(torch.autograd.Function):
    """y = f(x), number by number: relevance as it is."""

    @staticmethod
    def forward(ctx, x, f):
        return f(x)

    @staticmethod
    def backward(ctx, r):
        return r, None


class Normalise(torch.autograd.Function):
    """(x - mean) / sigma * scale + bias with sigma held fixed."""

    @staticmethod
    def forward(ctx, x, scale, bias, epsilon):
        mean = x.mean(-1, keepdim=True)
        d = x - mean
        y = d / torch.sqrt((d * d).mean(-1, keepdim=True) + epsilon) * scale
        ctx.save_for_backward(x, mean, y, bias)
        return y + bias

    @staticmethod
    def backward(ctx, r):
        x, mean, y, bias = ctx.saved_tensors
        r = y * divide(r, y + bias)
        s = divide(r, x - mean)
        of_mean = -mean * s.sum(-1, keepdim=True)
        return x * s + x / x.shape[-1] * divide(of_mean, mean), None, None, None


class Transformer:
    """The focus network: DINOv2-like encoder and three transposed convolutions."""

    def __init__(self, path, x):
        self.graph = onnx.load(path).graph
        self.weights = {i.name: torch.tensor(numpy_helper.to_array(i)).double() for i in self.graph.initializer
                        if i.data_type == onnx.TensorProto.FLOAT}
        self.by_name = {node.name: node for node in self.graph.node}
        constants = {node.output[0]: numpy_helper.to_array(node.attribute[0].t) for node in self.graph.node
                     if node.op_type == "Constant"}
        self.number = lambda name: float(constants[name])
        wanted = ["/backbone/embeddings/Concat_6_output_0", "/backbone/embeddings/Expand_output_0"]
        found = inner_values(path, wanted, {self.graph.input[0].name: x})
        self.positions, self.cls = (torch.tensor(found[name]).double() for name in wanted)

    def weight(self, node):
        return next(self.weights[name] for name in self.by_name[node].input if name in self.weights)

    def linear(self, x, prefix):
        w, b = self.weight(prefix + "/MatMul"), self.weight(prefix + "/Add")
        return Shared.apply(x, lambda v: v @ w + b)

    def norm(self, x, prefix):
        epsilon = self.number(self.by_name[prefix + "/Add"].input[1])
        return Normalise.apply(x, self.weight(prefix + "/Mul"), self.weight(prefix + "/Add_1"), epsilon)

    def scaled(self, x, prefix):
        w = self.weight(prefix + "/Mul")
        return Same.apply(x, lambda v: v * w)

    def attention(self, x, prefix):
        heads = lambda v: v.reshape(1, v.shape[1], 6, 64).transpose(1, 2)
        inner = prefix + "/attention/attention"
        q, k, v = (heads(self.linear(x, f"{inner}/{name}")) for name in ("query", "key", "value"))
        factors = [self.number(self.by_name[f"{inner}/{name}"].input[1]) for name in ("Mul", "Mul_1")]
        q, k = Same.apply(q, lambda t: t * factors[0]), Same.apply(k, lambda t: t * factors[1])
        pattern = Weigh.apply(Product.apply(q, k.transpose(-1, -2)))
        z = Product.apply(pattern, v).transpose(1, 2).reshape(1, -1, 384)
        return self.linear(z, prefix + "/attention/output/dense")

    def block(self, x, prefix):
        a = self.scaled(self.attention(self.norm(x, prefix + "/norm1"), prefix), prefix + "/layer_scale1")
        x = Plus.apply(a, x)
        h = self.linear(self.norm(x, prefix + "/norm2"), prefix + "/mlp/fc1")
        h = Same.apply(h, lambda v: v * 0.5 * (1 + torch.erf(v / math.sqrt(2))))
        return Plus.apply(self.scaled(self.linear(h, prefix + "/mlp/fc2"), prefix + "/layer_scale2"), x)

    def __call__(self, x):
        w = self.weights
        name = "backbone.embeddings.patch_embeddings.projection"
        conv = torch.nn.functional.conv2d
        x = Shared.apply(x, lambda v: conv(v, w[name + ".weight"], w[name + ".bias"], stride=14))
        x = torch.cat([self.cls, x.flatten(2).transpose(1, 2)], 1)
        x = Shared.apply(x, lambda v: v + self.positions)
        for i in range(12):
            x = self.block(x, f"/backbone/encoder/layer.{i}")
        x = self.norm(x, "/backbone/layernorm")[:, 1:].transpose(1, 2).reshape(1, 384, 16, 16)
        for i in (1, 2, 3):
            s = w[f"decoder.bn{i}.weight"] / torch.sqrt(w[f"decoder.bn{i}.running_var"] + 1e-5)
            kernel = w[f"decoder.upconv{i}.weight"] * s[None, :, None, None]
            shift = (w[f"decoder.upconv{i}.bias"] - w[f"decoder.bn{i}.running_mean"]) * s + w[f"decoder.bn{i}.bias"]
            x = Shared.apply(x, lambda v, k=kernel, b=shift: torch.nn.functional.conv_transpose2d(v, k, b, 2, 1))
            x = Same.apply(x, torch.relu)
        x = Shared.apply(x, lambda v: conv(v, w["decoder.final_conv.weight"], w["decoder.final_conv.bias"]))
        resize = torch.nn.functional.interpolate
        x = Shared.apply(x, lambda v: resize(v, size=(224, 224), mode="bilinear", align_corners=False))
        return Same.apply(x, torch.sigmoid)


# ---- side by side ----

def vitrail_map(arguments, name, photo, settings, folder):
    precision = arguments.precision or ("f64" if name in NEED_F64 else "f32")
    command = [arguments.vitrail, "explain", photo, "--out", folder, "--force", "--regions", "grid:2x2",
               "--precision", precision, *settings]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return np.load(os.path.join(folder, "attribution.npy")).astype(np.float64)


def distance(found, truth):
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--vitrail", required=True)
    parser.add_argument("--photo", required=True)
    parser.add_argument("--transformer")
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--precision", choices=["f32", "f64"], help="of all; default: f32 where that is enough")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        pixels = prepared(arguments.photo)
        photo = os.path.join(folder, "photo.png")
        Image.fromarray(pixels).save(photo)
        planes = pixels.transpose(2, 0, 1)[None].astype(np.float64)
        x = torch.tensor((planes - 127) / 128)
        network = Network(arguments.model, x.numpy().astype(np.float32))
        target = int(network(x).argmax())
        # the bounds of what the first convolution reads: padding is 0 in both
        first = next(i for i, (module, _, _) in enumerate(network.steps) if isinstance(module, torch.nn.Conv2d))
        low, high = (torch.full((1, 3, 224, 224), (v - 127) / 128, dtype=torch.float64) for v in (0, 255))
        for module, _, _ in network.steps[:first]:
            low, high = module(low), module(high)
        for name, composite, settings in cases(low, high):
            if arguments.only not in "lrp, " + name:
                continue
            truth = relevance(network, composite, x, target)
            found = vitrail_map(arguments, "lrp, " + name, photo,
                                ["--model", arguments.model, "--method", "lrp", "--target", str(target),
                                 "--class-score", "logit", *settings], folder)
            rows.append(("lrp, " + name, distance(found, truth), truth.sum()))
        if arguments.transformer and arguments.only in "attn-lrp":
            x = torch.tensor(planes / 255).requires_grad_()
            y = Transformer(arguments.transformer, x.detach().numpy().astype(np.float32))(x)
            truth = torch.autograd.grad(y, x, y.detach() / y.numel())[0][0].numpy()
            found = vitrail_map(arguments, "attn-lrp", photo, ["--model", arguments.transformer, "--method", "attn-lrp",
                                                   "--class-score", "mean"], folder)
            rows.append(("attn-lrp", distance(found, truth), truth.sum()))
    print(f"{'method':44} relative L2   sum of the map")
    for name, error, total in rows:
        print(f"{name:44} {error:11.2e}   {total:12.5g}")
    worst = max(error for _, error, _ in rows)
    print(f"largest: {worst:.2e}, allowed {LIMIT:.0e}")
    return 1 if worst > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
