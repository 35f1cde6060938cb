#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Attention methods a second time, with PyTorch in double precision: attention rollout, its gradient-weighted form,
Grad-ECLIP and ViT-CX on a vision transformer and one photograph, compared with what `vitrail explain` writes
(native.npy); and the first two on the tokens of a sentence, whose numbers stand in tests/attribution.

  second_attention.py --vit MODEL.onnx --photo PHOTO --features NAME
  second_attention.py --vit tests/attribution/data/tiny_vit.onnx --target 2 --rows cls --features block1.norm1 --print
  second_attention.py --text MODEL.onnx
"""
import argparse
import json
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
    target = ["mean"] if args.target is None else ["logit", "--target", str(args.target)]
    command = [args.vitrail, "explain", str(picture), "--model", args.vit, "--class-score", *target, "--method", method,
               "--regions", "grid:1x1", "--out", str(folder / "out"), "--force", *more]
    subprocess.run(command, check=True, capture_output=True)
    return torch.from_numpy(numpy.load(folder / "out" / "native.npy").astype(numpy.float64))


def prepare(args, path):
    """A square picture of the model's size, written to `path`, and the tensor made of it."""
    sidecar = pathlib.Path(args.vit).with_suffix(".json")
    said = json.loads(sidecar.read_text()) if sidecar.exists() else {}
    side = said.get("size", [224])[0]
    if args.photo:
        photo = PIL.Image.open(args.photo).convert("RGB")
        short = min(photo.size)
        photo = photo.crop(((photo.width - short) // 2, (photo.height - short) // 2,
                            (photo.width + short) // 2, (photo.height + short) // 2)).resize((side, side))
    else:
        y, x, c = numpy.indices((side, side, 3))
        photo = PIL.Image.fromarray(((37 * y + 91 * x + 53 * c) % 256).astype(numpy.uint8))
    photo.save(path)
    pixels = torch.from_numpy(numpy.asarray(photo).copy()).double() / 255
    pixels = (pixels - torch.tensor(said.get("mean", [0, 0, 0]))) / torch.tensor(said.get("std", [1, 1, 1]))
    return pixels.permute(2, 0, 1)[None]


def compare_pictures(args):
    names = Names(args.vit)
    folder = pathlib.Path(tempfile.mkdtemp())
    picture = folder / "picture.png"
    x = prepare(args, picture)
    last = names.blocks[-1]
    wanted = names.all("pattern") + [last["q"], last["k_transposed"], last["v"], last["z"], args.features]
    graph = TorchGraph(args.vit, {onnx.load(args.vit).graph.input[0].name: x}, torch.float64, wanted)
    output = graph.outputs[0]

    def score_of(found):
        return found[output].mean() if args.target is None else found[output].flatten()[args.target]

    x.requires_grad_()
    found = graph(x)
    patterns = [found[name] for name in names.all("pattern")]
    *gradients, gathered = torch.autograd.grad(score_of(found), patterns + [found[last["z"]]])
    x = x.detach()
    tokens = patterns[0].shape[-1]
    first, grid = 1, int((tokens - 1) ** 0.5)
    rows = {"cls": [0], "mean": list(range(first, tokens))}
    worst = [0]

    def on_grid(matrix, row):
        return matrix[rows[row]].mean(0)[first:].reshape(grid, grid)

    def compare(label, mine, theirs, note=""):
        worst.append(((mine - theirs).norm() / mine.norm().clamp(min=1e-30)).item())
        print(f"| {label} | {tuple(mine.shape)} | {mine.norm().item():.4g} | {worst[-1]:.1e} | {note}")
        if args.print and mine.numel() <= 16:
            print("{" + ", ".join(f"{v:.9g}" for v in mine.flatten().tolist()) + "}")

    print("| method | map | norm | relative L2 error |")
    print("|---|---|---|---|")
    for row in args.rows.split(","):
        for fusion, discard in (("mean", 0), ("max", 0), ("min", 0.6)):
            theirs = vitrail(args, picture, folder, "attention-rollout", "--row", row, "--head-fusion", fusion,
                             "--discard-ratio", str(discard))
            compare(f"attention-rollout --row {row} --head-fusion {fusion} --discard-ratio {discard}",
                    on_grid(rollout(patterns, fusion, discard), row), theirs)
        theirs = vitrail(args, picture, folder, "gradient-rollout", "--row", row)
        compare(f"gradient-rollout --row {row}", on_grid(chefer(patterns, gradients), row), theirs)
        theirs = vitrail(args, picture, folder, "grad-eclip", "--row", row)
        compare(f"grad-eclip --row {row}",
                eclip(found[last["q"]], found[last["k_transposed"]].transpose(-1, -2), found[last["v"]], gathered,
                      rows[row], first).reshape(grid, grid), theirs)
    noise = torch.from_numpy(numpy.random.default_rng(0).standard_normal(x.shape))
    numpy.save(folder / "noise.npy", noise.numpy().astype(numpy.float32))
    theirs = vitrail(args, picture, folder, "vit-cx", "--noise", str(folder / "noise.npy"))
    features = found[args.features].detach()[0, first:].T.reshape(-1, grid, grid)
    with torch.no_grad():
        mine, groups = vit_cx(features, x, lambda p: score_of(graph(p)), noise)
    compare("vit-cx", mine, theirs, f"{groups} masks")
    compare("vit-cx less its mean", mine - mine.mean(), theirs - theirs.mean(), f"{groups} masks")
    return max(worst)


def compare_tokens(args):
    """The sentence through `vitrail attribute`, and the numbers that stand in the tests."""
    names = Names(args.text)
    folder = pathlib.Path(tempfile.mkdtemp())
    words = next(n.output[0] for n in onnx.load(args.text).graph.node if n.op_type == "Gather" and n.input[1] == "input_ids")
    ids = torch.tensor([SENTENCE])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    for name, value in inputs.items():
        numpy.save(folder / f"{name}.npy", value.numpy())
    wanted = names.all("pattern")
    last = names.blocks[-1]
    graph = TorchGraph(args.text, inputs, torch.float64, wanted + [last["q"], last["k_transposed"], last["v"], last["z"]])
    found = graph(*inputs.values(), replace={words: lambda value: value.detach().requires_grad_()})
    patterns = [found[name] for name in wanted]
    rows = {"cls": [0], "mean": list(range(len(SENTENCE)))}
    worst = [0]

    def compare(mine, method, row, *target):
        command = [args.vitrail, "attribute", args.text, "--method", method, "--row", row, "--output", "461", *target,
                   "--out", str(folder / "map.npz"), "--force"]
        for name in inputs:
            command += ["--input", f"{name}={folder}/{name}.npy"]
        subprocess.run(command, check=True, capture_output=True)
        theirs = torch.from_numpy(numpy.load(folder / "map.npz")["native"][0].astype(numpy.float64))
        worst.append(((mine - theirs).norm() / mine.norm()).item())
        print(f"| {method} --row {row} {' '.join(target)} | {tuple(mine.shape)} | {mine.norm().item():.4g} | {worst[-1]:.1e} |")
        if args.print:
            print("{" + ", ".join(f"{v:.9g}" for v in mine.tolist()) + "}")

    print("| method | map | norm | relative L2 error |")
    print("|---|---|---|---|")
    for row, index in rows.items():
        compare(rollout(patterns)[index].mean(0), "attention-rollout", row, "--class-score", "mean")
    embedding = found["461"].flatten()
    for target, score in ((["--class-score", "logit", "--target", "17"], embedding[17]),
                          (["--class-score", "mean"], embedding.mean())):
        *gradients, gathered = torch.autograd.grad(score, patterns + [found[last["z"]]], retain_graph=True)
        for row, index in rows.items():
            compare(chefer(patterns, gradients)[index].mean(0), "gradient-rollout", row, *target)
            compare(eclip(found[last["q"]], found[last["k_transposed"]].transpose(-1, -2), found[last["v"]], gathered,
                          index, 0), "grad-eclip", row, *target)
    return max(worst)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vitrail", default="build/src/cli/vitrail")
    parser.add_argument("--vit")
    parser.add_argument("--photo", help="default: a pattern that needs no file")
    parser.add_argument("--target", type=int, help="class whose logit is explained; default: the mean of the output")
    parser.add_argument("--rows", default="cls,mean")
    parser.add_argument("--print", action="store_true", help="small maps as C arrays")
    parser.add_argument("--features", default="/backbone/encoder/layer.11/norm1/Add_1_output_0",
                        help="normalised tokens that go into the last block")
    parser.add_argument("--text")
    args = parser.parse_args()
    worst = [compare_tokens(args)] if args.text else []
    worst += [compare_pictures(args)] if args.vit else []
    return 0 if all(error <= 1e-3 for error in worst) else 1


if __name__ == "__main__":
    sys.exit(main())
