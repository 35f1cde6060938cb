#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/methods-by-model.md: which method runs on which real network, and what is missing where one does not.

  tools/method_matrix.py VITRAIL OUT.md PHOTO NAME=MODEL.onnx[,option,value…] …

Options behind a model are those of `vitrail explain` without the dashes ("class-score,mean"). A model with "tokens=FILE.npy" among them
is explained by `vitrail attribute` on those arrays ("input,NAME=FILE.npy" as often as needed). Methods run with few steps, samples and
clusters: the table says whether they run, not how well."""
import json
import os
import re
import subprocess
import sys
import time

CHEAP = {"n-steps": "4", "n-samples": "4", "steps": "4", "max-channels": "16", "n-design": "2", "max-evaluations": "8", "window": "64",
         "stride": "64"}


def fields_of(method):
    return {f["name"].replace("_", "-") for f in method.get("parameters", [])}


def alike(text, method):
    """A reason without what differs from model to model and method to method."""
    text = re.sub(r"\S+\.onnx", "the model", text)
    text = re.sub(r" between '[^']*' and '[^']*'", "", text)
    return "the method" + text.removeprefix(method) if text.startswith(method + " needs") else text


def run(command, method, photo, model, options):
    words, tokens = [], False
    for name, value in options:
        tokens |= name == "input"
        words += ["--" + name, value]
    cheap = [w for name, value in CHEAP.items() if name in fields_of(method) for w in ("--" + name, value)]
    verb = ["attribute", model] if tokens else ["explain", photo, "--model", model, "--regions", "grid:3x3"]
    begin = time.perf_counter()
    done = subprocess.run([command] + verb + ["--method", method["id"], "--json", "--quiet"] + words + cheap,
                          capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode == 0:
        found = json.loads(done.stdout)
        completeness = found["data"].get("map", {}).get("completeness")
        return f"{seconds:.1f} s", completeness, None
    text = done.stderr.strip().splitlines()[0] if done.stderr.strip() else f"exit {done.returncode}"
    return None, None, f"exit {done.returncode}: " + alike(text.removeprefix("vitrail: "), method["id"])


def main():
    command, out, photo, *models = sys.argv[1:]
    listed = json.loads(subprocess.run([command, "methods", "--json"], check=True, capture_output=True, text=True).stdout)
    methods = [m for m in listed["methods"] if m["id"] not in ("baseline-order", "smdl")]
    columns, reasons = [], {}
    for text in models:
        name, rest = text.split("=", 1)
        path, *options = rest.split(",")
        columns.append((name, path, list(zip(options[::2], options[1::2]))))
    rows = []
    for method in methods:
        cells = []
        for name, path, options in columns:
            good, _, reason = run(command, method, photo, path, options)
            if good:
                cells.append(good)
            else:
                cells.append(f"[{reasons.setdefault(reason, len(reasons) + 1)}]")
            print(method["id"], name, good or reason, flush=True)
        rows.append(f"| {method['id']} | " + " | ".join(cells) + " |")
    with open(out, "w", encoding="utf-8") as page:
        page.write("# Methods by model\n\nWhich method runs on which real network (seconds with few steps and samples, one photograph or one "
                   "sentence), and why not where it does not. Made by `tools/method_matrix.py`.\n\n")
        page.write("| method | " + " | ".join(name for name, _, _ in columns) + " |\n|---|" + "---|" * len(columns) + "\n")
        page.write("\n".join(rows) + "\n\n")
        for reason, number in reasons.items():
            page.write(f"{number}. {reason}\n")


if __name__ == "__main__":
    main()
