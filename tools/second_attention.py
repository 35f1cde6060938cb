#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Attention methods a second time, with PyTorch in double precision: attention rollout, its gradient-weighted form,
Grad-ECLIP and ViT-CX on a vision transformer and one photograph, compared with what `vitrail explain` writes
(native.npy); and the first two on the tokens of a sentence, whose numbers stand in tests/attribution.

  second_attention.py --vit MODEL.onnx --photo PHOTO --vitrail build/src/cli/vitrail
  second_attention.py --text MODEL.onnx
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import PIL.Image
import torch
from sklearn.cluster import AgglomerativeClustering

from torch_graph import TorchGraph

SENTENCE = [101, 1996, 4937, 4614, 2006, 1996, 13523, 102]  # [CLS] the cat sits on the mat [SEP]


class Names:
    """The attention tensors of a graph in file order: by the products before and behind every Softmax."""

    def __init__(self, path):
        graph = onnx.load(path).graph
        maker = {out: node for node in graph.node for out in node.output}
        readers = {}
        for node in graph.node:
            for name in node.input:
                readers.setdefault(name, []).append(node)

        def product(name):
            node = maker[name]
            return node if node.op_type == "MatMul" else next(
                found for found in (product(n) for n in node.input if n in maker and
                                    maker[n].op_type in ("Add", "Mul", "Div", "MatMul")) if found)

        self.blocks = []
        for node in graph.node:
            if node.op_type != "Softmax":
                continue
            weighed = next(n for n in readers[node.output[0]] if n.op_type == "MatMul")
            q, k_transposed = product(node.input[0]).input
            self.blocks.append({"pattern": node.output[0], "v": weighed.input[1], "z": weighed.output[0], "q": q,
                                "k_transposed": k_transposed})

    def all(self, key):
        return [block[key] for block in self.blocks]


def rollout(patterns, fusion="mean", discard=0.0):
    """The product of the blocks' fused patterns, each half identity."""
    result = None
    for pattern in patterns:
        heads = pattern.detach()[0]
        fused = {"mean": heads.mean(0), "max": heads.max(0).values, "min": heads.min(0).values}[fusion]
        if discard:
            flat = fused.flatten()
            lowest = torch.argsort(flat, stable=True)[:int(flat.numel() * discard)]
            flat[lowest[lowest != 0]] = 0
        mixed = 0.5 * fused + 0.5 * torch.eye(len(fused), dtype=fused.dtype)
        mixed = mixed / mixed.sum(-1, keepdim=True)
        result = mixed if result is None else mixed @ result
    return result


def chefer(patterns, gradients):
    relevance = start = torch.eye(patterns[0].shape[-1], dtype=patterns[0].dtype)
    for pattern, gradient in zip(patterns, gradients):
        cam = (gradient * pattern.detach()).clamp(min=0)[0].mean(0)
        relevance = relevance + cam @ relevance
    return relevance - start


def joined(x):
    """[1, heads, tokens, d] to [tokens, heads · d]."""
    return x.detach()[0].permute(1, 0, 2).flatten(1)


def eclip(q, k, v, gradient, queries, first):
    """Mean over `queries`, on the tokens from `first`; not cut."""
    normal = torch.nn.functional.normalize
    alike = normal(joined(q), dim=-1)[queries] @ normal(joined(k), dim=-1)[first:].T
    low, high = alike.amin(1, keepdim=True), alike.amax(1, keepdim=True)
    return ((joined(gradient)[queries] @ joined(v)[first:].T) * (alike - low) / (high - low)).mean(0)


def vit_cx(features, x, score, noise, threshold=0.1, scale=0.1):
    """`features` [channels, height, width]; one noise for all masks."""
    def extremes(m):
        low, high = m.amin((1, 2), keepdim=True), m.amax((1, 2), keepdim=True)
        return (m - low) / (high - low)
    masks = extremes(torch.nn.functional.interpolate(features[None], size=x.shape[2:], mode="bilinear")[0])
    flat = torch.nn.functional.normalize(masks.flatten(1), dim=-1)
    distance = (1 - flat @ flat.T).clamp(min=0).numpy()
    numpy.fill_diagonal(distance, 0)
    labels = AgglomerativeClustering(n_clusters=None, distance_threshold=threshold, metric="precomputed",
                                     linkage="complete").fit_predict(distance)
    groups = extremes(torch.stack([masks[torch.from_numpy(labels == g)].sum(0) for g in range(labels.max() + 1)]))
    whole, total = score(x), torch.zeros_like(groups[0])
    for mask in groups:
        added = scale * noise * (1 - mask)
        total += (score(x * mask + added) - score(x + added) + whole) * mask
    return total / groups.sum(0) / len(groups), len(groups)


def vitrail(args, picture, folder, method, *more):
    command = [args.vitrail, "explain", str(picture), "--model", args.vit, "--class-score", "mean", "--method", method,
               "--regions", "grid:1x1", "--out", str(folder / "out"), "--force", *more]
    subprocess.run(command, check=True, capture_output=True)
    return torch.from_numpy(numpy.load(folder / "out" / "native.npy").astype(numpy.float64))


def compare_pictures(args):
    names = Names(args.vit)
    side = 224
    folder = pathlib.Path(tempfile.mkdtemp())
    picture = folder / "picture.png"
    photo = PIL.Image.open(args.photo).convert("RGB")
    short = min(photo.size)
    photo = photo.crop(((photo.width - short) // 2, (photo.height - short) // 2,
                        (photo.width + short) // 2, (photo.height + short) // 2)).resize((side, side))
    photo.save(picture)
    x = torch.from_numpy(numpy.asarray(photo).copy()).permute(2, 0, 1)[None].double() / 255
    last = names.blocks[-1]
    features = args.features
    wanted = names.all("pattern") + [last["q"], last["k_transposed"], last["v"], last["z"], features]
    graph = TorchGraph(args.vit, {"input_image": x}, torch.float64, wanted)
    x.requires_grad_()
    found = graph(x)
    score = found[graph.outputs[0]].mean()
    patterns = [found[name] for name in names.all("pattern")]
    *gradients, gathered = torch.autograd.grad(score, patterns + [found[last["z"]]])
    x = x.detach()
    tokens = patterns[0].shape[-1]
    first, grid = 1, int((tokens - 1) ** 0.5)
    rows = {"cls": [0], "mean": list(range(first, tokens))}

    def on_grid(matrix, row):
        return matrix[rows[row]].mean(0)[first:].reshape(grid, grid)

    def compare(label, mine, theirs, note=""):
        error = ((mine - theirs).norm() / mine.norm()).item()
        print(f"| {label} | {tuple(mine.shape)} | {mine.norm().item():.4g} | {error:.1e} | {note}")
        return error

    print("| method | map | norm | relative L2 error |")
    print("|---|---|---|---|")
    worst = 0
    for row in rows:
        for fusion, discard in (("mean", 0), ("max", 0), ("min", 0.6)):
            theirs = vitrail(args, picture, folder, "attention-rollout", "--row", row, "--head-fusion", fusion,
                             "--discard-ratio", str(discard))
            mine = on_grid(rollout(patterns, fusion, discard), row)
            worst = max(worst, compare(f"attention-rollout --row {row} --head-fusion {fusion} --discard-ratio {discard}",
                                       mine, theirs))
        theirs = vitrail(args, picture, folder, "gradient-rollout", "--row", row)
        worst = max(worst, compare(f"gradient-rollout --row {row}", on_grid(chefer(patterns, gradients), row), theirs))
    theirs = vitrail(args, picture, folder, "grad-eclip")
    mine = eclip(found[last["q"]], found[last["k_transposed"]].transpose(-1, -2), found[last["v"]], gathered,
                 rows["mean"], first).reshape(grid, grid)
    worst = max(worst, compare("grad-eclip --row mean", mine, theirs))
    noise = torch.from_numpy(numpy.random.default_rng(0).standard_normal(x.shape))
    numpy.save(folder / "noise.npy", noise.numpy().astype(numpy.float32))
    theirs = vitrail(args, picture, folder, "vit-cx", "--noise", str(folder / "noise.npy"))
    grid_features = found[features].detach()[0, first:].T.reshape(-1, grid, grid)
    with torch.no_grad():
        mine, groups = vit_cx(grid_features, x, lambda p: graph(p)[graph.outputs[0]].mean(), noise)
    worst = max(worst, compare("vit-cx", mine, theirs, f"{groups} masks"))
    worst = max(worst, compare("vit-cx less its mean", mine - mine.mean(), theirs - theirs.mean(), f"{groups} masks"))
    return worst


def print_tokens(args):
    names = Names(args.text)
    words = next(n.output[0] for n in onnx.load(args.text).graph.node if n.op_type == "Gather" and n.input[1] == "input_ids")
    ids = torch.tensor([SENTENCE])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    wanted = names.all("pattern")
    last = names.blocks[-1]
    graph = TorchGraph(args.text, inputs, torch.float64, wanted + [last["q"], last["k_transposed"], last["v"], last["z"]])
    found = graph(*inputs.values(), replace={words: lambda value: value.detach().requires_grad_()})
    patterns = [found[name] for name in wanted]
    rows = {"cls": [0], "mean": list(range(len(SENTENCE)))}

    def show(label, values):
        print(f"{label}: " + ", ".join(f"{v:.9g}" for v in values.tolist()))

    for row, index in rows.items():
        show(f"attention-rollout --row {row}", rollout(patterns)[index].mean(0))
    embedding = found["461"].flatten()
    for label, score in (("logit of 17", embedding[17]), ("mean", embedding.mean())):
        *gradients, gathered = torch.autograd.grad(score, patterns + [found[last["z"]]], retain_graph=True)
        for row, index in rows.items():
            show(f"gradient-rollout, {label}, --row {row}", chefer(patterns, gradients)[index].mean(0))
        show(f"grad-eclip, {label}, --row mean",
             eclip(found[last["q"]], found[last["k_transposed"]].transpose(-1, -2), found[last["v"]], gathered,
                   rows["mean"], 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vitrail", default="build/src/cli/vitrail")
    parser.add_argument("--vit")
    parser.add_argument("--photo")
    parser.add_argument("--features", default="/backbone/encoder/layer.11/norm1/Add_1_output_0",
                        help="normalised tokens that go into the last block")
    parser.add_argument("--text")
    args = parser.parse_args()
    if args.text:
        print_tokens(args)
    if args.vit:
        return 0 if compare_pictures(args) <= 1e-3 else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
