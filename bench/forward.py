#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Forward passes of vitrail's plan and of ONNX Runtime, turn by turn on the same machine. Prints milliseconds an item and the
ratio runtime / vitrail of each pair: minimum, median, maximum. Above 1, vitrail is faster."""
import json
import os
import statistics
import subprocess
import sys
import time

import numpy
import onnxruntime

ROUNDS, SECONDS = 7, 1.0


def vitrail_ms(command, model, batch, threads):
    out = subprocess.run([command, "profile", model, "--batch", str(batch), "--threads", str(threads), "--json"],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out)["ms_per_item"]


def runtime(model, batch, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    shape = [batch if not isinstance(size, int) else size for size in source.shape]
    feed = {source.name: numpy.random.default_rng(0).standard_normal(shape).astype(numpy.float32)}
    session.run(None, feed)

    def measure():
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < SECONDS or count < 3:
            session.run(None, feed)
            count += 1
        return 1e3 * (time.perf_counter() - start) / count / shape[0]
    return measure


def main():
    command, *models = sys.argv[1:]
    cores = len(os.sched_getaffinity(0))
    print(f"onnxruntime {onnxruntime.__version__}, {cores} cores, {ROUNDS} pairs")
    print(f"{'model':28} {'threads':>7} {'batch':>5}  {'vitrail ms':>10} {'runtime ms':>10}  ratio min/median/max")
    for model in models:
        for threads in sorted({1, cores}):
            for batch in (1, 16):
                peer, ours, theirs = runtime(model, batch, threads), [], []
                for _ in range(ROUNDS):
                    ours.append(vitrail_ms(command, model, batch, threads))
                    theirs.append(peer())
                ratios = sorted(b / a for a, b in zip(ours, theirs))
                print(f"{os.path.basename(model):28} {threads:7} {batch:5}  {statistics.median(ours):10.2f} "
                      f"{statistics.median(theirs):10.2f}  {ratios[0]:.2f} / {statistics.median(ratios):.2f} / "
                      f"{ratios[-1]:.2f}", flush=True)


if __name__ == "__main__":
    main()
