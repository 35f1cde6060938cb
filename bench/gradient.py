#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gradient of a network's summed output with respect to its input, forward and backward: vitrail's trace and PyTorch on the same
graph (tools/torch_graph.py), turn by turn on the same machine. Prints milliseconds an item, the ratio PyTorch / vitrail of each
pair (above 1, vitrail is faster), and the peak memory of both processes."""
import json
import os
import resource
import statistics
import subprocess
import sys

ROUNDS, RUNS = 7, 5
HERE = os.path.dirname(os.path.abspath(__file__))
WORKER = """
import sys, time, resource
sys.path.insert(0, sys.argv[1])
import torch, onnx
from torch_graph import TorchGraph
path, batch, threads = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
source = [i for i in onnx.load(path, load_external_data=False).graph.input][0]
shape = [batch if k == 0 else (d.dim_value or 224) for k, d in enumerate(source.type.tensor_type.shape.dim)]
x = torch.rand(shape) * 2 - 1
graph = TorchGraph(path, {source.name: x})
x.requires_grad_(True)
def once():
    x.grad = None
    next(iter(graph(x).values())).sum().backward()
for _ in range(3):
    once()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(int(line)):
        once()
    print(1e3 * (time.perf_counter() - start) / int(line) / batch, flush=True)
"""


def vitrail(command, model, batch, threads):
    out = subprocess.run([command, "profile", model, "--gradient", "--batch", str(batch), "--threads", str(threads),
                          "--runs", str(RUNS), "--json"], check=True, capture_output=True, text=True).stdout
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    found = json.loads(out)
    return found["ms_per_item"], found["peak_bytes"], used


def main():
    command, *models = sys.argv[1:]
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, {ROUNDS} pairs of {RUNS} runs each")
    print(f"{'model':28} {'threads':>7} {'batch':>5}  {'vitrail ms':>10} {'torch ms':>10}  ratio min/median/max   peak MB: "
          "vitrail's own, torch process")
    for model in models:
        for threads in sorted({1, cores}):
            for batch in (1, 8):
                peer = subprocess.Popen([sys.executable, "-c", WORKER, os.path.join(HERE, "..", "tools"), model, str(batch),
                                         str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                peak = float(peer.stdout.readline())
                ours, theirs, own = [], [], 0
                for _ in range(ROUNDS):
                    ms, own, _ = vitrail(command, model, batch, threads)
                    ours.append(ms)
                    peer.stdin.write(f"{RUNS}\n")
                    peer.stdin.flush()
                    theirs.append(float(peer.stdout.readline()))
                peer.stdin.close()
                peer.wait()
                ratios = sorted(b / a for a, b in zip(ours, theirs))
                print(f"{os.path.basename(model):28} {threads:7} {batch:5}  {statistics.median(ours):10.2f} "
                      f"{statistics.median(theirs):10.2f}  {ratios[0]:.2f} / {statistics.median(ratios):.2f} / "
                      f"{ratios[-1]:.2f}       {own / 1e6:.0f}, {peak / 1e6:.0f}", flush=True)


if __name__ == "__main__":
    main()
