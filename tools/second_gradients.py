#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Second implementation of vargrad, smoothgrad-sq, blur-ig, guided-ig, xrai and fullgrad, with torch.

  second_gradients.py MODEL.onnx VITRAIL PHOTO [f32|f64] [METHOD …]

Rebuilds an EfficientNet-lite (Conv, Clip, Add, ReduceMean, Gemm, and pads of constants) as torch calls, node by node,
runs each method as its paper says, runs `vitrail explain` with the same noise and segments, and prints a table of
relative L2 distances. PHOTO: an image file, or uint8 pixels [224, 224, 3] (.npy). Exit status 1 when one is above 1e-3.
f64 is the default: paths that choose (guided-ig) and gates near 0 or 6 amplify the rounding of f32.
Needs: numpy, onnx, torch, pillow, scipy."""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

LIMIT = 1e-3


class Net:
    """The graph as torch calls. `biases` is filled, when it is a list, with (output, explicit bias, kind)."""

    def __init__(self, path, dtype):
        graph = onnx.load(path).graph
        self.nodes, self.output = list(graph.node), graph.output[0].name
        self.input = [i.name for i in graph.input if i.name not in {t.name for t in graph.initializer}][0]
        self.constants = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
        for name, value in self.constants.items():
            if value.is_floating_point():
                self.constants[name] = value.to(dtype)
        self.dtype, self.biases = dtype, None

    def __call__(self, x):
        values = dict(self.constants)
        values[self.input] = x
        for node in self.nodes:
            inputs = [values[name] if name else None for name in node.input]
            values[node.output[0]] = self.node(node, inputs)
        return values[self.output]

    def node(self, node, inputs):
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        kind = node.op_type
        if kind == "Constant":
            value = torch.from_numpy(numpy_helper.to_array(attributes["value"]).copy())
            return value.to(self.dtype) if value.is_floating_point() else value
        if kind == "ConstantOfShape":
            value = numpy_helper.to_array(attributes["value"])[0] if "value" in attributes else np.float32(0)
            return torch.from_numpy(np.full(inputs[0].tolist(), value))
        if kind == "Concat":
            return torch.cat(inputs, attributes["axis"])
        if kind == "Reshape":
            return inputs[0].reshape(inputs[1].tolist())
        if kind == "Slice":
            start, end, axes, steps = (t.tolist() for t in inputs[1:5])
            array = inputs[0].numpy()
            for a, b, axis, step in zip(start, end, axes, steps):
                index = [slice(None)] * array.ndim
                last = None if b < -array.shape[axis] else b
                index[axis] = slice(a, last, step)
                array = array[tuple(index)]
            return torch.from_numpy(array.copy())
        if kind == "Transpose":
            return inputs[0].permute(attributes["perm"])
        if kind == "Cast":
            return inputs[0].to(torch.int64)
        if kind == "Pad":
            pads = inputs[1].tolist()
            rank = len(pads) // 2
            flat = []
            for axis in reversed(range(rank)):
                flat += [pads[axis], pads[rank + axis]]
            return F.pad(inputs[0], flat)
        if kind == "Conv":
            pads = attributes.get("pads", [0, 0, 0, 0])
            x = F.pad(inputs[0], (pads[1], pads[3], pads[0], pads[2]))
            out = F.conv2d(x, inputs[1], inputs[2], stride=attributes.get("strides", [1, 1]),
                           dilation=attributes.get("dilations", [1, 1]), groups=attributes.get("group", 1))
            if self.biases is not None:
                out.retain_grad()
                self.biases.append((out, inputs[2].reshape(1, -1, 1, 1), None))
            return out
        if kind == "Clip":
            # the gate is open strictly between the bounds
            low, high = float(inputs[1]), float(inputs[2])
            out = inputs[0].clamp(low, high)
            if self.biases is not None:
                out.retain_grad()
                self.biases.append((out, high * (inputs[0] > high).to(self.dtype), "gate"))
            return out
        if kind == "Add":
            return inputs[0] + inputs[1]
        if kind == "ReduceMean":
            axes = attributes.get("axes") or inputs[1].tolist()
            return inputs[0].mean(axes, keepdim=bool(attributes.get("keepdims", 1)))
        if kind == "Gemm":
            weight = inputs[1].T if attributes.get("transB", 0) else inputs[1]
            return inputs[0] @ weight + inputs[2]
        raise SystemExit(f"operator {kind} of node {node.name} is not rebuilt here")


def gradient(net, points, target):
    x = torch.from_numpy(np.ascontiguousarray(points)).to(net.dtype).requires_grad_()
    score = net(x)[:, target]
    return torch.autograd.grad(score.sum(), x)[0].double().numpy(), score.detach().double().numpy()


# ---- the methods ----

def noisy_gradients(net, x, target, noise, deviation):
    return np.stack([gradient(net, x + deviation * z[None], target)[0][0] for z in noise.astype(np.float64)])


def smoothgrad_sq(net, x, target, files):
    return (noisy_gradients(net, x, target, files["noise"], 0.25) ** 2).mean(0)


def vargrad(net, x, target, files):
    return noisy_gradients(net, x, target, files["noise"], 0.25).var(0)


def blur_ig(net, x, target, files):
    from scipy.ndimage import gaussian_filter
    steps, largest = files["blur_steps"], 50.0
    levels = [x[0]] + [gaussian_filter(x[0], (0, s, s), mode="nearest", truncate=4.0)
                       for s in (largest * (i / steps) ** 2 for i in range(1, steps + 1))]
    slopes = [gradient(net, level[None], target)[0][0] for level in levels]
    return sum((slopes[i] + slopes[i + 1]) / 2 * (levels[i] - levels[i + 1]) for i in range(steps))


def guided_ig(net, x, target, files):
    steps, fraction, band = files["guided_steps"], 0.25, 0.02
    end, start = x[0], np.full_like(x[0], np.float32(-127 / 128))
    now, total, result = start.copy(), np.abs(end - start).sum(), np.zeros_like(end)
    whole = end - start
    for step in range(1, steps + 1):
        slope = gradient(net, now[None], target)[0][0]
        before = now.copy()
        share = step / steps
        low, high = start + max(share - band, 0) * whole, start + min(share + band, 1) * whole
        behind = (whole != 0) & (np.abs(now - start) < np.abs(low - start))
        now[behind] = low[behind]
        goal = total * (1 - share)
        while True:
            left = np.abs(end - now).sum()
            if left - goal <= 1e-9 * max(left, 1):
                break
            size = np.where(now == high, np.inf, np.abs(slope))
            bound = np.quantile(size, fraction, method="lower")
            if np.isinf(bound):
                finite = size[np.isfinite(size)]
                if finite.size == 0:
                    break
                bound = finite.max()
            chosen = size <= bound
            reachable = np.abs(high - now)[chosen].sum()
            part = (left - goal) / reachable if reachable > 0 else 2
            if part > 1:
                now[chosen] = high[chosen]
            else:
                now[chosen] += part * (high - now)[chosen]
                break
        result += (now - before) * slope
    return result


def xrai(net, x, target, files):
    from scipy.ndimage import binary_dilation
    places, weights = np.polynomial.legendre.leggauss(50)
    places, weights = (places + 1) / 2, weights / 2
    attribution = np.zeros(x.shape[2:])
    for value in (-127 / 128, 128 / 128):
        baseline = np.full_like(x, np.float32(value))
        slopes = sum(w * gradient(net, baseline + p * (x - baseline), target)[0] for p, w in zip(places, weights))
        attribution += (slopes * (x - baseline))[0].sum(0) / 2
    span = np.arange(-5, 6)
    disc = span[:, None] ** 2 + span[None] ** 2 <= 25
    regions = [binary_dilation(labels == r, disc) for labels in files["segments"] for r in np.unique(labels)]
    covered, result = np.zeros(attribution.shape, bool), np.full(attribution.shape, np.nan)
    while True:
        regions = [r for r in regions if (r & ~covered).sum() >= 50]
        if not regions:
            break
        gains = [attribution[r & ~covered].mean() for r in regions]
        best = int(np.argmax(gains))
        result[regions[best] & ~covered] = gains[best]
        covered |= regions.pop(best)
    if (~covered).any():
        result[~covered] = attribution[~covered].mean()
    return np.repeat(result[None] / 3, 3, 0)


def fullgrad(net, x, target, files):
    point = torch.from_numpy(x).to(net.dtype).requires_grad_()
    net.biases = []
    score = net(point)[0, target]
    score.backward()
    height, width = x.shape[2:]

    def psi(layer):
        layer = layer.detach().abs()
        spread = layer.max() - layer.min()
        if spread == 0:
            return torch.zeros(height, width, dtype=torch.float64)
        layer = ((layer - layer.min()) / spread).double().sum(1, keepdim=True)
        return F.interpolate(layer, (height, width), mode="bilinear", align_corners=False)[0, 0]

    total = (point * point.grad).sum().item()
    result = psi(point * point.grad)
    for out, bias, _ in net.biases:
        share = bias * out.grad
        total += share.sum().item()
        result += psi(share)
    fc = [node for node in net.nodes if node.op_type == "Gemm"][-1]
    total += net.constants[fc.input[2]][target].item()
    net.biases = None
    print(f"fullgrad: the parts add up to {total:.9f}, the logit is {score.item():.9f}")
    return np.repeat(result.numpy()[None] / 3, 3, 0)


METHODS = {"vargrad": vargrad, "smoothgrad-sq": smoothgrad_sq, "fullgrad": fullgrad, "blur-ig": blur_ig, "xrai": xrai,
           "guided-ig": guided_ig}


# ---- both sides ----

def options(name, files, folder):
    return {
        "vargrad": ["--n-samples", str(len(files["noise"])), "--stdevs", "0.25", "--noise", folder + "/noise.npy"],
        "smoothgrad-sq": ["--n-samples", str(len(files["noise"])), "--stdevs", "0.25", "--noise",
                          folder + "/noise.npy"],
        "blur-ig": ["--n-steps", str(files["blur_steps"])],
        "guided-ig": ["--n-steps", str(files["guided_steps"]), "--baseline", "black"],
        "xrai": ["--segments", folder + "/segments.npy"],
        "fullgrad": [],
    }[name]


def divide(pixels, side, levels):
    """Some division: cells of `side` pixels, each split by brightness."""
    grey = pixels.astype(np.int64).sum(2) * levels // 766
    row, column = np.mgrid[:pixels.shape[0], :pixels.shape[1]] // side
    return np.unique((row * 64 + column) * levels + grey, return_inverse=True)[1].reshape(grey.shape).astype(np.int32)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    model, vitrail, photo = sys.argv[1:4]
    rest = sys.argv[4:]
    precision = next((r for r in rest if r in ("f32", "f64")), "f64")
    wanted = [r for r in rest if r in METHODS] or list(METHODS)
    torch.manual_seed(0)
    torch.set_num_threads(2)
    from PIL import Image
    pixels = np.load(photo) if photo.endswith(".npy") else np.asarray(Image.open(photo).convert("RGB").resize((224, 224)))
    x = ((pixels.astype(np.float64) - 127) / 128).transpose(2, 0, 1)[None].copy()
    quick = os.environ.get("QUICK")
    files = {
        "noise": np.random.default_rng(0).standard_normal((3 if quick else 8, 3, 224, 224)).astype(np.float32),
        "segments": np.stack([divide(pixels, side, levels) for side, levels in ((56, 2), (32, 3), (28, 2), (16, 1))]),
        "blur_steps": 10 if quick else 50, "guided_steps": 10 if quick else 50,
    }
    net = Net(model, torch.float64 if precision == "f64" else torch.float32)
    with torch.no_grad():
        target = int(net(torch.from_numpy(x).to(net.dtype))[0].argmax())
    print(f"{os.path.basename(photo)}, class {target}, {precision}")
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        np.save(folder + "/photo.npy", pixels)
        np.save(folder + "/noise.npy", files["noise"])
        np.save(folder + "/segments.npy", files["segments"])
        print(f"{'method':16} {'relative L2':>12} {'largest':>10} {'of':>10}")
        for name in wanted:
            mine = METHODS[name](net, x, target, files)
            subprocess.run([vitrail, "explain", folder + "/photo.npy", "--model", model, "--method", name, "--out",
                            f"{folder}/{name}", "--class-score", "logit", "--target", str(target), "--regions",
                            "grid:2x2", "--precision", precision, "-q", *options(name, files, folder)], check=True,
                           stdout=subprocess.DEVNULL)
            theirs = np.load(f"{folder}/{name}/attribution.npy").astype(np.float64)
            facts = json.load(open(f"{folder}/{name}/explanation.json"))
            distance = np.linalg.norm(mine - theirs) / np.linalg.norm(mine)
            worst = max(worst, distance)
            complete = facts["data"].get("completeness")
            print(f"{name:16} {distance:12.2e} {np.abs(mine - theirs).max():10.2e} {np.abs(mine).max():10.2e}"
                  + (f"   completeness {complete}" if complete else ""), flush=True)
    sys.exit(int(worst > LIMIT))


if __name__ == "__main__":
    main()
