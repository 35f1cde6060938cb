#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs tests/cli/cases/*.sh and prints TAP.

A case is a POSIX shell script. Beside NAME.sh may stand NAME.stdout and NAME.stderr with what it must print: line by
line, '*' and '?' as in file names, a line '...' for any number of lines. Its first comment lines may hold "# exit: N" (0 when
there is none) and "# skip-root: why". A script runs in an empty folder of its own, with `vitrail` in PATH, DATA pointing at
tests/cli/data and VITRAIL_MODEL at the tiny model there. Run one case: run_cases.py NAME."""
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def matches(pattern, lines):
    """Whether lines fit the pattern's lines; '...' stands for any run of lines."""
    if not pattern:
        return not lines
    if pattern[0] == "...":
        return any(matches(pattern[1:], lines[i:]) for i in range(len(lines) + 1))
    return bool(lines) and fnmatch.fnmatchcase(lines[0], pattern[0].replace("[", "[[]")) and matches(pattern[1:], lines[1:])


def header(script, key, default):
    with open(script, encoding="utf-8") as file:
        found = re.search(rf"^# {key}: (.*)$", file.read(), re.M)
    return found.group(1) if found else default


def compare(name, kind, got):
    path = os.path.join(HERE, "cases", f"{name}.{kind}")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        expected = file.read().splitlines()
    lines = got.decode("utf-8", "replace").splitlines()
    if matches(expected, lines):
        return []
    return [f"{kind} is not as {os.path.basename(path)} says; it was:"] + ["  " + line for line in lines[:60]]


def run(name, environment):
    script = os.path.join(HERE, "cases", name + ".sh")
    folder = tempfile.mkdtemp(prefix="vitrail-case-")
    try:
        done = subprocess.run(["sh", script], cwd=folder, env=environment, capture_output=True, timeout=120, check=False,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return ["took more than 120 seconds"]
    finally:
        subprocess.run(["chmod", "-R", "u+w", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    faults = compare(name, "stdout", done.stdout) + compare(name, "stderr", done.stderr)
    expected = int(header(script, "exit", "0"))
    if done.returncode != expected:
        faults.append(f"exit code {done.returncode} instead of {expected}")
        faults += ["  " + line for line in done.stderr.decode("utf-8", "replace").splitlines()[:20]]
    return faults


def main():
    binary = os.environ["VITRAIL"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("VITRAIL_")}
    environment.update(PATH=os.path.dirname(binary) + os.pathsep + os.environ["PATH"], DATA=os.path.join(HERE, "data"),
                       SOURCE=os.path.join(HERE, "..", ".."), LC_ALL="C.UTF-8", HOME="/nonexistent",
                       VITRAIL_MODEL=os.path.join(HERE, "data", "tiny.onnx"))
    for key in ("XDG_DATA_HOME", "NO_COLOR"):
        environment.pop(key, None)
    if "LSAN_OPTIONS" in environment: # cases run elsewhere
        environment["LSAN_OPTIONS"] = re.sub(r"(?<!_)suppressions=(?!/)", f"suppressions={os.getcwd()}/", environment["LSAN_OPTIONS"])
    cases = sorted(name[:-3] for name in os.listdir(os.path.join(HERE, "cases")) if name.endswith(".sh"))
    if len(sys.argv) > 1:
        cases = [name for name in cases if name in sys.argv[1:]]
    print(f"1..{len(cases)}")
    failed = False
    for number, name in enumerate(cases, 1):
        reason = header(os.path.join(HERE, "cases", name + ".sh"), "skip-root", None)
        if reason and os.geteuid() == 0:
            print(f"ok {number} - {name} # SKIP as root: {reason}")
            continue
        faults = run(name, environment)
        failed |= bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for line in faults:
            print("#", line)
        sys.stdout.flush()
    sys.exit(failed)


if __name__ == "__main__":
    main()
