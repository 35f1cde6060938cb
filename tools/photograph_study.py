#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""LiMA against plain greedy, random order and index order on a folder of labelled photographs.

  photograph_study.py --vitrail build/src/cli/vitrail --model models/efficientnet_lite0.onnx \\
                      --photographs DIR --labels DIR/labels.tsv --out study

labels.tsv: a header, then file <tab> true class index <tab> … Photographs that the model gets right are judged by Insertion and
Deletion under vitrail-50 with the true class as target; the others by the highest confidence in the true class at 25, 50, 75
and 100 % revealed area. Finished rows stay in DIR/rows.jsonl and are not computed again.
"""
import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys

ARMS = {"lima": ["--method", "lima"], "greedy": ["--method", "lima", "--search", "greedy"],
        "random": ["--method", "baseline-order", "--order", "random"],
        "index": ["--method", "baseline-order", "--order", "index"]}


def vitrail(options, *arguments):
    run = subprocess.run([options.vitrail, *arguments], capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"vitrail {' '.join(arguments)}: exit {run.returncode}: {run.stderr.strip()}")
    return json.loads(run.stdout)


def study(options, name, label, arm):
    """One photograph, one arm."""
    photo = os.path.join(options.photographs, name)
    folder = os.path.join(options.out, arm, name)
    common = ["--model", options.model, "--target", str(label)]
    result = vitrail(options, "explain", photo, *common, *ARMS[arm], "--out", folder, "--force", "--json")
    meta, data = result["meta"], result["data"]
    row = {"file": name, "arm": arm, "label": label, "calls": meta["model_calls"], "forwards": meta["model_forwards"],
           "seconds": meta["seconds"], "predicted": data["predicted"]["index"],
           "highest": data["mistake"]["highest"] if "mistake" in data else None}
    for metric in ("insertion", "deletion"):
        row[metric] = vitrail(options, "evaluate", photo, *common, "--explanation", folder, "--metric", metric,
                              "--protocol", "vitrail-50", "--json")["value"]
    return row


def interval(values):
    """Mean and percentile bootstrap 95 % interval of paired differences (10 000 draws, seed 0)."""
    draw = random.Random(0)
    means = sorted(statistics.fmean(draw.choices(values, k=len(values))) for _ in range(10000))
    return statistics.fmean(values), means[249], means[9749]


def table(rows, photographs):
    right = [name for name in photographs if rows[name, "lima"]["predicted"] == rows[name, "lima"]["label"]]
    wrong = [name for name in photographs if name not in right]
    print(f"{len(right)} of {len(photographs)} right: {' '.join(right)}")
    print(f"\n{'arm':8} {'Insertion':>18} {'Deletion':>18} {'calls':>7} {'seconds':>8}   (mean and sd over right photographs)")
    for arm in ARMS:
        of = [rows[name, arm] for name in right]
        print(f"{arm:8}" + "".join(
            f" {statistics.fmean(r[m] for r in of):9.4f} ± {statistics.stdev(r[m] for r in of):6.4f}"
            for m in ("insertion", "deletion")) +
            f" {statistics.fmean(r['calls'] for r in of):7.0f} {statistics.fmean(r['seconds'] for r in of):8.2f}")
    failed = False
    for arm in ("greedy", "random", "index"):
        for metric, sign in (("insertion", 1), ("deletion", -1)):
            mean, low, high = interval([rows[n, "lima"][metric] - rows[n, arm][metric] for n in right])
            verdict = ""
            if arm != "greedy":
                better = sign * mean > 0 and (low > 0 if sign > 0 else high < 0)
                verdict = "lima better" if better else "NOT better"
                failed |= not better
            print(f"lima − {arm:6} {metric:9} {mean:+.4f}  95 % [{low:+.4f}, {high:+.4f}]  {verdict}")
    if wrong:
        print(f"\n{len(wrong)} wrong: highest confidence in the true class at 25 / 50 / 75 / 100 % area")
        for arm in ARMS:
            cells = []
            for share in range(4):
                values = [rows[n, arm]["highest"][share] for n in wrong]
                values = [v for v in values if v is not None and not math.isnan(v)]
                cells.append(f"{statistics.fmean(values):.4f}" if values else "none")
            print(f"{arm:8} {' / '.join(cells)}")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("vitrail", "model", "photographs", "labels", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--count", type=int, default=0, help="only the first N photographs")
    options = parser.parse_args()
    with open(options.labels, encoding="utf-8") as file:
        labels = [line.rstrip("\n").split("\t")[:2] for line in file][1:]
    labels = [(name, int(label)) for name, label in labels][:options.count or None]
    os.makedirs(options.out, exist_ok=True)
    path, rows = os.path.join(options.out, "rows.jsonl"), {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            rows = {(row["file"], row["arm"]): row for row in map(json.loads, file)}
    with open(path, "a", encoding="utf-8") as file:
        for number, (name, label) in enumerate(labels, 1):
            for arm in ARMS:
                if (name, arm) not in rows:
                    rows[name, arm] = study(options, name, label, arm)
                    file.write(json.dumps(rows[name, arm]) + "\n")
                    file.flush()
            print(f"\r{number}/{len(labels)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    sys.exit(table(rows, [name for name, _ in labels]))


if __name__ == "__main__":
    main()
