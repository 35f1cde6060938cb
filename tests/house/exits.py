#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scripts end with a number that is written down: sys.exit(a > b) ends with 1 whatever the answer when a is NumPy's, whose
truth values are no integers of Python. The same for what main() returns in sys.exit(main()). Prints TAP: one line a folder."""
import ast
import os
import sys

ROOT = os.environ.get("VITRAIL_SOURCE", ".")
FOLDERS = ("tools", "tests", "bench", "fuzz")
ORDERINGS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)  # what numbers are compared by; NumPy's, for all this script can know


def is_exit(node):
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.exit", "exit", "SystemExit")


def ends_with(tree):
    """Expressions that become the exit code."""
    given = [node.args[0] for node in ast.walk(tree) if is_exit(node) and node.args]
    called = {ast.unparse(value.func) for value in given if isinstance(value, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in called:
            given += [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value]
    return given


def faults(folder):
    for where, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if not name.endswith(".py"):
                continue
            path = os.path.join(where, name)
            with open(path, encoding="utf-8") as file:
                tree = ast.parse(file.read(), path)
            for value in ends_with(tree):
                if isinstance(value, ast.Compare) and isinstance(value.ops[0], ORDERINGS):
                    yield f"{os.path.relpath(path, ROOT)}:{value.lineno}: ends with {ast.unparse(value)}"


def main():
    folders = [folder for folder in FOLDERS if os.path.isdir(os.path.join(ROOT, folder))]
    print(f"1..{len(folders)}")
    failed = False
    for number, folder in enumerate(folders, 1):
        lines = list(faults(os.path.join(ROOT, folder)))
        failed |= bool(lines)
        print(f"{'not ok' if lines else 'ok'} {number} - {folder}")
        for line in lines:
            print("#", line)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
