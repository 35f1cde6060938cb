#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole training steps (forward, loss, all gradients, AdamW) of a residual CNN, a ViT and a GPT: vitrail (bench/train.c) and
PyTorch on the CPU, turn by turn on the same machine. Prints milliseconds a step, the ratio PyTorch / vitrail of each pair of turns
(above 1, vitrail is faster) and the largest size of both processes. PyTorch runs the CNN channels-last if that is faster there,
and the fused AdamW. With PROCESSOR_TIME set, milliseconds of the
processor instead of the clock: for one thread on a busy machine (THREADS=1). With BF16 set, vitrail rounds the factors of large
products to bfloat16 and PyTorch does not: for comparing vitrail with itself.

  bench/train.py BUILD/bench/train [MODEL …]"""
import os
import statistics
import sys

from worker import Worker

ROUNDS, STEPS = int(os.environ.get("ROUNDS", "5")), int(os.environ.get("STEPS", "3"))
CASES = {"resnet": (32, 64), "vit": (32, 64), "gpt": (32,)}
WORKER = """
import os, resource, sys, time
now = time.process_time if os.environ.get('PROCESSOR_TIME') else time.perf_counter
sys.path.insert(0, sys.argv[1])
import torch
import make_parity as models
name, batch, threads = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
image = torch.randn(batch, 3, 64, 64)
targets = torch.arange(batch) * 7 % 12
if name == "gpt":
    model = models.GPT(512, 128, 4, 4, 128)
    inputs = (torch.arange(batch * 128).view(batch, 128) * 31 % 512, torch.arange(batch * 128).view(batch, 128) * 7 % 512)
elif name == "vit":
    model, inputs = models.ViT(128, 4, 4, 8, 64, 12), (image, targets)
else:
    model = models.ResNet(((16, 1, 1), (32, 2, 2), (64, 2, 2), (96, 2, 1)), 12)
    inputs = (image, targets)
optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
def run(steps):
    start = now()
    for _ in range(steps):
        optimiser.zero_grad(set_to_none=True)
        model.loss(*inputs).backward()
        optimiser.step()
    return 1e3 * (now() - start) / steps
run(3)
if name == "resnet":
    rows = min(run(2), run(2))
    model, inputs = model.to(memory_format=torch.channels_last), (image.to(memory_format=torch.channels_last), targets)
    run(2)
    if min(run(2), run(2)) > rows:
        model, inputs = model.to(memory_format=torch.contiguous_format), (image, targets)
        run(2)
for line in sys.stdin:
    print(run(int(line)), flush=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def threads_of(cores):
    return [int(os.environ["THREADS"])] if "THREADS" in os.environ else sorted({1, min(2, cores)})


def main():
    command, chosen = sys.argv[1], sys.argv[2:] or list(CASES)
    tools = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools")
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, {ROUNDS} pairs of {STEPS} steps each, load {os.getloadavg()[0]:.1f}")
    print(f"{'model':8} {'batch':>5} {'threads':>7}  {'vitrail ms':>10} {'torch ms':>9}  ratio min/median/max   peak MB: vitrail, torch")
    for name in chosen:
        for batch in CASES[name]:
            for threads in threads_of(cores):
                ours = Worker([command, name, str(batch), str(threads)])
                theirs = Worker([sys.executable, "-c", WORKER, tools, name, str(batch), str(threads)])
                theirs.run(1)
                pairs = [(ours.run(STEPS), theirs.run(STEPS)) for _ in range(ROUNDS)]
                ratios = sorted(b / a for a, b in pairs)
                print(f"{name:8} {batch:5} {threads:7}  {statistics.median(a for a, _ in pairs):10.1f} "
                      f"{statistics.median(b for _, b in pairs):9.1f}  {ratios[0]:.2f} / {statistics.median(ratios):.2f} / "
                      f"{ratios[-1]:.2f}       {float(ours.close()) / 1e6:.0f}, {float(theirs.close()) / 1e6:.0f}", flush=True)


if __name__ == "__main__":
    main()
