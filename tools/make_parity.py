#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/nn/golden/parity_*.safetensors: small models in PyTorch with given weights, their first loss and all
gradients, and their weights after ten steps of AdamW. Needs torch; run from the root of the project.

Tensors of a file: in.NAME inputs; w.NAME weights before; g.NAME gradients of the first loss; after.NAME weights after ten
steps; state.NAME buffers after them; count.NAME how many numbers a channel's statistics were taken of; losses of the ten
steps, each before its step. Modules are named as vitrail names parameters, so that no map is needed."""
import json
import struct
import sys

import torch
from torch import nn
from torch.nn import functional as F

STEPS, RATE, DECAY = 10, 2e-3, 0.01


def conv_norm(inputs, out, kernel, norm, **options):
    """Convolution without a bias and its norm."""
    return nn.Conv2d(inputs, out, kernel, bias=False, **options), norm(out)


class Pair(nn.Module):
    def __init__(self, inputs, out, stride):
        super().__init__()
        self.conv, self.norm = conv_norm(inputs, out, 1, nn.BatchNorm2d, stride=stride)

    def forward(self, x):
        return self.norm(self.conv(x))


class Residual(nn.Module):
    def __init__(self, inputs, out, stride):
        super().__init__()
        self.conv1, self.norm1 = conv_norm(inputs, out, 3, nn.BatchNorm2d, stride=stride, padding=1)
        self.conv2, self.norm2 = conv_norm(out, out, 3, nn.BatchNorm2d, padding=1)
        self.skip = Pair(inputs, out, stride) if stride > 1 or inputs != out else None

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + (self.skip(x) if self.skip else x))


class ResNet(nn.Module):
    def __init__(self, stages=((8, 1, 1), (16, 2, 2), (24, 2, 1)), classes=5):
        """Stages: width, stride, blocks."""
        super().__init__()
        width = stages[0][0]
        self.stem = nn.Module()
        self.stem.conv, self.stem.norm = conv_norm(3, width, 3, nn.BatchNorm2d, padding=1)
        self.stages = nn.ModuleList()
        for out, stride, blocks in stages:
            first = [Residual(width, out, stride)]
            self.stages.append(nn.ModuleList(first + [Residual(out, out, 1) for _ in range(blocks - 1)]))
            width = out
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = F.relu(self.stem.norm(self.stem.conv(x)))
        for stage in self.stages:
            for block in stage:
                x = block(x)
        return self.head(x.mean((2, 3)))

    def loss(self, image, targets):
        return F.cross_entropy(self(image), targets, label_smoothing=0.1)


class Attention(nn.Module):
    def __init__(self, width, heads, seen=None):
        """seen: width of what is looked at, where that is not x itself."""
        super().__init__()
        self.heads = heads
        for name, inputs in [("q_proj", width), ("k_proj", seen or width), ("v_proj", seen or width), ("out_proj", width)]:
            setattr(self, name, nn.Linear(inputs, width))

    def forward(self, x, causal=False, context=None, open_keys=None):
        n, t, c = x.shape
        seen = x if context is None else context
        q, k, v = [f(y).view(n, -1, self.heads, c // self.heads).transpose(1, 2)
                   for f, y in ((self.q_proj, x), (self.k_proj, seen), (self.v_proj, seen))]
        z = F.scaled_dot_product_attention(q, k, v, attn_mask=open_keys, is_causal=causal)
        return self.out_proj(z.transpose(1, 2).reshape(n, t, c))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, causal=False):
        x = x + self.attn(self.norm1(x), causal)
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x))))


class ViT(nn.Module):
    def __init__(self, width=16, heads=2, layers=2, patch=4, grid=16, classes=5):
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, width, patch, stride=patch)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.1)
        self.pos_embed = nn.Parameter(torch.randn(1, grid, width) * 0.1)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.final_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2) + self.pos_embed
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        return self.head(self.final_norm(x)[:, 0])

    def loss(self, image, targets):
        return F.cross_entropy(self(image), targets)


class GPT(nn.Module):
    def __init__(self, vocabulary=24, width=16, heads=2, layers=2, limit=12):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, width)
        self.embed_positions = nn.Embedding(limit, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.final_norm = nn.LayerNorm(width)

    def forward(self, ids):
        x = self.embed_tokens(ids) + self.embed_positions.weight[:ids.shape[1]]
        for block in self.blocks:
            x = block(x, causal=True)
        return self.final_norm(x) @ self.embed_tokens.weight.T

    def loss(self, ids, targets):
        return F.cross_entropy(self(ids).flatten(0, 1), targets.flatten(), ignore_index=-1)


class QBlock(nn.Module):
    """Post-norm, with cross-attention where `seen` is a width."""
    def __init__(self, width, heads, seen):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.cross = Attention(width, heads, seen) if seen else None
        self.norm_cross = nn.LayerNorm(width) if seen else None
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, context, open_keys):
        x = self.norm1(x + self.attn(x))
        if self.cross:
            x = self.norm_cross(x + self.cross(x, context=context, open_keys=open_keys))
        return self.norm2(x + self.mlp.fc2(F.gelu(self.mlp.fc1(x))))


class QFormer(nn.Module):
    def __init__(self, queries=4, width=16, heads=2, layers=3, seen=10, classes=5):
        super().__init__()
        self.queries = nn.Parameter(torch.randn(1, queries, width) * 0.1)
        self.embed_norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList([QBlock(width, heads, 0 if i % 2 else seen) for i in range(layers)])
        self.head = nn.Linear(width, classes)

    def loss(self, tokens, valid, targets):
        x = self.embed_norm(self.queries).expand(len(tokens), -1, -1)
        for block in self.blocks:
            x = block(x, tokens, valid.bool()[:, None, None])
        return F.cross_entropy(self.head(x.mean(1)), targets)


def group_norm(out):
    return nn.GroupNorm(4, out)


class Level(nn.Module):
    def __init__(self, inputs, out, below=0):
        super().__init__()
        if below:
            self.rise = nn.ConvTranspose2d(below, out, 2, stride=2)
            self.gate = nn.Module()
            self.gate.skip, self.gate.signal = nn.Conv2d(out, out // 2, 1), nn.Conv2d(out, out // 2, 1)
            self.gate.map = nn.Conv2d(out // 2, 1, 1)
        self.conv1, self.norm1 = conv_norm(inputs, out, 3, group_norm, padding=1)
        self.conv2, self.norm2 = conv_norm(out, out, 3, group_norm, padding=1)

    def forward(self, x):
        return F.relu(self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x))))))

    def up(self, x, skip):
        x = self.rise(x)
        skip = skip * torch.sigmoid(self.gate.map(F.relu(self.gate.skip(skip) + self.gate.signal(x))))
        return self(torch.cat([skip, x], 1))


class UNet(nn.Module):
    def __init__(self, widths=(8, 12, 16), out=4):
        super().__init__()
        self.down = nn.ModuleList([Level(a, b) for a, b in zip((3,) + widths, widths)])
        self.up = nn.ModuleList([Level(2 * a, a, b) for a, b in zip(widths, widths[1:])])
        self.head = nn.Conv2d(widths[0], out, 1)

    def forward(self, x):
        skips = []
        for i, level in enumerate(self.down):
            x = level(F.max_pool2d(x, 2) if i else x)
            skips.append(x)
        for level, skip in zip(reversed(self.up), reversed(skips[:-1])):
            x = level.up(x, skip)
        return self.head(x)

    def loss(self, image, targets):
        weights = torch.tensor([0.5, 1, 1, 2])
        return F.cross_entropy(self(image), targets, weight=weights, ignore_index=255)


class Recurrent(nn.Module):
    def __init__(self, vocabulary=20, width=8, hidden=12, classes=5):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, width)
        self.gru = nn.GRU(width, hidden, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, ids, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed_tokens(ids), lengths, batch_first=True, enforce_sorted=False)
        last = self.gru(packed)[1]
        return self.head(torch.cat([last[-2], last[-1]], 1))

    def loss(self, ids, targets, lengths):
        return F.cross_entropy(self(ids, lengths), targets)


def count_of_norms(model, inputs):
    """How many numbers each batch norm takes its statistics of."""
    counts, hooks = {}, []
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            def hook(_, given, __, name=name):
                counts[name] = given[0].numel() // given[0].shape[1]
            hooks.append(module.register_forward_hook(hook))
    with torch.no_grad():
        model.eval()
        model.loss(**inputs)
        model.train()
    for hook in hooks:
        hook.remove()
    return counts


def save(path, tensors, metadata):
    """A .safetensors file (the format's published description), wider elements first so that all are aligned."""
    kinds = {torch.float32: "F32", torch.int64: "I64"}
    header, blob = {"__metadata__": metadata}, b""
    for name, value in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        content = value.contiguous().numpy().tobytes()
        header[name] = {"dtype": kinds[value.dtype], "shape": list(value.shape),
                        "data_offsets": [len(blob), len(blob) + len(content)]}
        blob += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + blob)


def write(name, model, inputs):
    generator = torch.Generator().manual_seed(len(name))
    for parameter in model.parameters():  # off their zeros and ones, which hide mistakes
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    file = {"in." + key: value for key, value in inputs.items()}
    file |= {"count." + key: torch.tensor(float(value)) for key, value in count_of_norms(model, inputs).items()}
    file |= {"w." + key: value.detach().clone() for key, value in model.named_parameters()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    losses = []
    for step in range(STEPS):
        optimiser.zero_grad()
        loss = model.loss(**inputs)
        loss.backward()
        losses.append(loss.detach())
        if step == 0:
            file |= {"g." + key: value.grad.clone() for key, value in model.named_parameters()}
        optimiser.step()
    file["losses"] = torch.stack(losses)
    file |= {"after." + key: value.detach().clone() for key, value in model.named_parameters()}
    file |= {"state." + key: value.float() for key, value in model.named_buffers() if value.dtype == torch.float32}
    metadata = {"made_by": f"tools/make_parity.py with torch {torch.__version__}"}
    save(f"tests/nn/golden/parity_{name}.safetensors", file, metadata)
    print(name, sum(p.numel() for p in model.parameters()), "numbers; losses", [round(float(x), 4) for x in losses])


def main():
    torch.manual_seed(5)
    torch.set_num_threads(1)
    image = torch.randn(6, 3, 16, 16)
    classes = torch.randint(0, 5, (6,))
    ids, text = torch.randint(0, 20, (6, 9)), torch.randint(0, 24, (4, 13))
    following = text[:, 1:].clone()
    following[1, 8:] = -1
    maps = torch.randint(0, 4, (2, 16, 16))
    maps[:, :3] = 255
    write("resnet", ResNet(), {"image": image, "targets": classes})
    write("vit", ViT(), {"image": image, "targets": classes})
    write("gpt", GPT(), {"ids": text[:, :-1], "targets": following})
    write("unet", UNet(), {"image": image[:2], "targets": maps})
    write("gru", Recurrent(), {"ids": ids, "targets": classes, "lengths": torch.tensor([9, 4, 1, 7, 9, 2])})
    valid = (torch.arange(7) < torch.tensor([7, 3, 5, 7, 1, 6])[:, None]).long()
    write("qformer", QFormer(), {"tokens": torch.randn(6, 7, 10), "valid": valid, "targets": classes})


if __name__ == "__main__":
    sys.exit(main())
