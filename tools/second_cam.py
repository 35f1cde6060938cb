#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Class-activation maps once more, with PyTorch and pytorch-grad-cam on the same weights, against `vitrail explain`.

  second_cam.py MODEL.onnx VITRAIL PHOTO [--class INDEX] [--layer NAME …]

MODEL is EfficientNet-lite0 (or another picture classifier whose sidecar stands beside it), PHOTO a picture or .npy of 224 × 224
pixels. Prints a table: method, layer, relative L2 of native.npy (of attribution.npy for guided-grad-cam). Exit code 1 when one is
above 1e-3. Needs torch, grad-cam, onnx, numpy; the gradients are computed in f64."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy
import pytorch_grad_cam
import torch
from PIL import Image
from pytorch_grad_cam.ablation_layer import AblationLayer
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

import torch_graph

LIMIT = 1e-3


class Split(torch.nn.Module):
    """The graph with one tensor passed through a module of its own, which toolkits can hook and replace."""

    def __init__(self, path, example, layer, output):
        super().__init__()
        self.graph = torch_graph.TorchGraph(path, example, dtype=torch.float64)
        self.at, self.output = layer, output
        self.layer = torch.nn.Identity()
        self.unused = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))  # for the device, and to start gradients

        behind, self.behind = {layer}, []
        for node in self.graph.steps:
            if any(name in behind for name in node.input) and layer not in node.output:
                behind.update(node.output)
                self.behind.append(node)

    def forward(self, x):
        if isinstance(self.layer, AblationLayer):  # what comes before the layer does not change
            values = {self.at: self.layer(None)}
            for node in self.behind:
                given = [None if not n else values[n] if n in values else self.graph.constants[n] for n in node.input]
                values[node.output[0]] = torch_graph.OPERATORS[node.op_type](node, given)
            return values[self.output]
        return self.graph(x + 0 * self.unused, replace={self.at: lambda value: self.layer(value)})[self.output]


class ZeroLayer(AblationLayer):
    """Channels set to 0, as in the paper; the toolkit's own layer subtracts 1e7 where activations have both signs."""

    def __call__(self, _):
        output = self.activations
        for i in range(output.size(0)):
            output[i, self.indices[i], :] = 0
        return output


class GuidedClip(torch.autograd.Function):
    """Clip(0, high) that lets back only what is positive and passed forwards."""

    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward((x > low) & (x <= high))
        return torch.clamp(x, low, high)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.clamp(min=0) * ctx.saved_tensors[0], None, None


def raw_map(cls, model, x, target, **settings):
    """The toolkit's map before ReLU, scaling and resizing."""
    kept = []

    class Kept(cls):
        def get_cam_image(self, *given, **named):
            kept.append(super().get_cam_image(*given, **named))
            return kept[-1]

    cam = Kept(model, [model.layer], **settings)
    cam(x, [ClassifierOutputTarget(target)])
    return kept[0][0]


def guided_grad_cam(model, x, target):
    coarse = raw_map(pytorch_grad_cam.GradCAM, model, x, target)
    plain = torch_graph.OPERATORS["Clip"]
    torch_graph.OPERATORS["Clip"] = lambda node, inputs: GuidedClip.apply(inputs[0], float(inputs[1]), float(inputs[2]))
    try:
        leaf = x.clone().requires_grad_(True)
        guided, = torch.autograd.grad(model(leaf)[0, target], leaf)
    finally:
        torch_graph.OPERATORS["Clip"] = plain
    mask = torch.nn.functional.interpolate(torch.from_numpy(numpy.maximum(coarse, 0))[None, None], size=x.shape[2:],
                                           mode="nearest")
    return (guided * mask)[0].numpy()


def explain(options, method, target, layer, folder, *more):
    out = os.path.join(folder, "out")
    command = [options.vitrail, "explain", options.photo, "--model", options.model, "--method", method, "--target", str(target),
               "--class-score", "logit", "--regions", "grid:2x2", "--out", out, "--force", *more]
    subprocess.run(command + (["--layer", layer] if layer else []), check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    with open(os.path.join(out, "explanation.json"), encoding="utf-8") as text:
        facts = json.load(text)
    return out, facts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("vitrail")
    parser.add_argument("photo")
    parser.add_argument("--class", dest="target", type=int, default=94)
    parser.add_argument("--layer", action="append", help="[the chosen one, and /_blocks.9/Add_output_0]")
    parser.add_argument("--score-cam", action="store_true", help="Score-CAM on the chosen layer too: a thousand forwards in f64")
    options = parser.parse_args()
    pixels = numpy.load(options.photo) if options.photo.endswith(".npy") else numpy.asarray(Image.open(options.photo).convert("RGB"))
    x = torch.from_numpy((pixels.astype(numpy.float64) - 127) / 128).permute(2, 0, 1)[None].contiguous()
    worst = 0
    print("| method | layer | size | relative L2 |\n|---|---|---|---|")
    for layer in options.layer or [None, "/_blocks.9/Add_output_0"]:
        with tempfile.TemporaryDirectory() as folder:
            _, facts = explain(options, "grad-cam", options.target, layer, folder)
            name = facts["data"]["map"]["native"]["tensor"]
            model = Split(options.model, {"image": x}, name, "logits").eval()
            methods = {"grad-cam": pytorch_grad_cam.GradCAM, "grad-cam++": pytorch_grad_cam.GradCAMPlusPlus,
                       "xgrad-cam": pytorch_grad_cam.XGradCAM, "hires-cam": pytorch_grad_cam.HiResCAM,
                       "layer-cam": pytorch_grad_cam.LayerCAM, "eigen-cam": pytorch_grad_cam.EigenCAM,
                       "ablation-cam": pytorch_grad_cam.AblationCAM, "score-cam": pytorch_grad_cam.ScoreCAM}
            for method, cls in methods.items():
                if method == "score-cam" and not layer and not options.score_cam:
                    continue
                settings = {"ablation_layer": ZeroLayer(), "batch_size": 16} if method == "ablation-cam" else {}
                theirs = raw_map(cls, model, x, options.target, **settings).astype(numpy.float64)
                out, _ = explain(options, method, options.target, layer, folder)
                ours = numpy.load(os.path.join(out, "native.npy"))
                signs = (1, -1) if method == "eigen-cam" else (1,)
                error = min(numpy.linalg.norm(ours - s * theirs) for s in signs) / numpy.linalg.norm(theirs)
                worst = max(worst, error)
                print(f"| {method} | `{name}` | {ours.shape[0]}×{ours.shape[1]} | {error:.1e} |", flush=True)
            theirs = guided_grad_cam(model, x, options.target)
            for precision in ("f32", "f64"):
                out, _ = explain(options, "guided-grad-cam", options.target, layer, folder, "--precision", precision)
                ours = numpy.load(os.path.join(out, "attribution.npy"))
                error = numpy.linalg.norm(ours - theirs) / numpy.linalg.norm(theirs)
                worst = max(worst, error)
                print(f"| guided-grad-cam, {precision} | `{name}` | 3×{ours.shape[1]}×{ours.shape[2]} | {error:.1e} |", flush=True)
    sys.exit(1 if worst > LIMIT else 0)


if __name__ == "__main__":
    main()
