#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models that vitrail wrote, against ONNX's checker and ONNX Runtime.

    mkdir exported
    VITRAIL_EXPORT_DIR=exported build/tests/graph_test_export
    VITRAIL_EXPORT_DIR=exported build/tests/graph_test_export_zoo
    tools/check_export.py exported

Each NAME.onnx stands beside NAME.onnx.npz: inputs ("in:NAME") and vitrail's outputs ("out:NAME"). Outputs must agree to 1e-4 of
the largest number, integers exactly. Prints a line for each model and ends with 1 when one does not agree.
"""
import pathlib
import sys

import numpy
import onnx
import onnxruntime

TOLERANCE = 1e-4


def compare(name, ours, theirs):
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return f"output '{name}' is {theirs.dtype}{theirs.shape}, vitrail has {ours.dtype}{ours.shape}", 1.0
    if ours.dtype.kind != "f":
        return (None, 0.0) if numpy.array_equal(ours, theirs) else (f"output '{name}' differs", 1.0)
    ours, theirs = ours.astype(numpy.float64), theirs.astype(numpy.float64)
    same = (ours == theirs) | (numpy.isnan(ours) & numpy.isnan(theirs))
    difference = numpy.where(same, 0.0, numpy.abs(ours - theirs))
    largest = numpy.max(numpy.abs(theirs), initial=0.0, where=numpy.isfinite(theirs))
    worst = float(numpy.max(difference, initial=0.0) / (largest or 1.0))
    return (None if worst <= TOLERANCE else f"output '{name}' is {worst:.2e} off"), worst


def check(path):
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path), load_external_data=False)
    versions = {entry.domain: entry.version for entry in model.opset_import}
    if versions != {"": 17}:
        return f"opsets {versions}", 1.0
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    arrays = numpy.load(str(path) + ".npz")
    inputs = {entry.name: arrays["in:" + entry.name] for entry in session.get_inputs()}
    worst = 0.0
    for entry, theirs in zip(session.get_outputs(), session.run(None, inputs)):
        fault, off = compare(entry.name, arrays["out:" + entry.name], theirs)
        worst = max(worst, off)
        if fault:
            return fault, worst
    return None, worst


def main():
    failed = 0
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    for path in paths:
        try:
            fault, worst = check(path)
        except Exception as error:  # the checker and ONNX Runtime have many kinds
            fault, worst = str(error).replace("\n", " ")[:300], 1.0
        failed += fault is not None
        print(f"{'FAIL' if fault else 'ok  '} {path.name:40} {worst:.1e} {fault or ''}")
    print(f"{len(paths) - failed} of {len(paths)} agree")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
