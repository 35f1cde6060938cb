#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training steps (forward, loss, gradients of all parameters) of small blocks: vitrail's operators on a tape (bench/blocks.c) and
PyTorch, turn by turn on the same machine. Prints milliseconds a step and the ratio PyTorch / vitrail (above 1, vitrail is faster)."""
import os
import sys

from worker import Worker

ROUNDS = int(os.environ.get("ROUNDS", "5"))
CASES = [
    "cnn 32 32 32", "cnn 64 32 32", "cnn 32 64 32", "cnn 64 64 32", "cnn 32 32 64", "cnn 64 64 1", "vit 96 65 32", "vit 192 145 32",
    "lm 128 64 16", "lm 128 256 8",
]
WORKER = """
import os, sys, time
now = time.process_time if os.environ.get('BLOCKS_PROCESSOR_TIME') else time.perf_counter
import torch
import torch.nn.functional as F
from torch import nn
kind, width, size, batch, layout, threads = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5], int(sys.argv[6])
torch.set_num_threads(threads)
class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = (nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.c, self.d = (nn.BatchNorm2d(width) for _ in range(2))
    def forward(self, x):
        return F.relu(self.d(self.b(F.relu(self.c(self.a(x))))) + x)
class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Linear(width, 10)
    def forward(self, x):
        return self.w(x.mean((2, 3)))
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
    def forward(self, x):
        h = self.n1(x)
        q, k, v = (f(h).view(batch, size, -1, 32).transpose(1, 2) for f in (self.q, self.k, self.v))
        h = F.scaled_dot_product_attention(q, k, v, is_causal=kind == "lm")
        x = x + self.o(h.transpose(1, 2).reshape(batch, size, width))
        return x + self.down(F.gelu(self.up(self.n2(x))))
if kind == "cnn":
    model, x = nn.Sequential(Residual(), Residual(), Head()), torch.rand(batch, width, size, size) * 2 - 1
    labels = torch.arange(batch) * 7 % 10
    if layout == "last":
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
else:
    classes = 256 if kind == "lm" else 10
    model = nn.Sequential(Block(), Block(), nn.LayerNorm(width), nn.Linear(width, classes), nn.Flatten(0, 1))
    x, labels = torch.rand(batch, size, width) * 2 - 1, torch.arange(batch * size) * 7 % classes
def once():
    model.zero_grad(set_to_none=True)
    F.cross_entropy(model(x), labels).backward()
for _ in range(3):
    once()
for line in sys.stdin:
    start = now()
    for _ in range(int(line)):
        once()
    print(1e3 * (now() - start) / int(line), flush=True)
"""


def main():
    command, threads, *chosen = sys.argv[1:]
    print(f"{threads} threads, {ROUNDS} rounds, the best of each; ratio: PyTorch's faster layout / vitrail's faster layout")
    for case in chosen or CASES:
        layouts = ("rows", "last") if case.startswith("cnn") else ("rows",)
        peers = {("vitrail", layout): Worker([command, *case.split(), *([layout] if case.startswith("cnn") else ["rows"]), threads])
                 for layout in layouts}
        peers |= {("torch", layout): Worker([sys.executable, "-c", WORKER, *case.split(), layout, threads]) for layout in layouts}
        times = {key: [] for key in peers}
        steps = {key: max(1, min(50, int(200 / worker.run(1)))) for key, worker in peers.items()}
        for _ in range(ROUNDS):
            for key, worker in peers.items():
                times[key].append(worker.run(steps[key]))
        best = {key: min(values) for key, values in times.items()}
        for worker in peers.values():
            worker.close()
        text = "  ".join(f"{name} {layout} {ms:8.2f}" for (name, layout), ms in best.items())
        ratio = min(ms for (name, _), ms in best.items() if name == "torch") / min(ms for (name, _), ms in best.items() if name == "vitrail")
        print(f"{case:16} {text}  ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
