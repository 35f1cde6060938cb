#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the command on hostile inputs and prints TAP; hostile_cases.py holds the table.

Whatever the input: the exit code that is promised, one line that says what is wrong, no death by signal, no report of a sanitizer,
files that were there untouched, results whole or absent, at most 1.5 GB and 30 seconds.
  hostile.py PART…        only the cases whose title contains a part
  hostile.py --markdown   the same as a table (docs/hostile.md); a test run checks that every case stands there."""
import hashlib
import json
import os
import re
import resource
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

import hostile_cases
import hostile_files
import hostile_training  # noqa: F401  (adds its cases)

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "..", "..", "docs", "hostile.md")
NOBODY = 65534
RESULTS = {"explanation.json", "labels.npy", "saliency.npy", "overlay.png", "regions.png", "subset.png", "curves.svg", "report.html"}


class Skip(Exception):
    """The machine cannot do this."""


class Limits:
    """Seconds and bytes for a run; a build with sanitizers needs more of both."""
    def __init__(self, binary):
        with open(binary, "rb") as file:
            watched = b"__asan_init" in file.read()
        self.seconds, self.bytes = (180, 6 << 30) if watched else (30, 1500 << 20)


# ---- what stands in the folder ----

def put(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if callable(content):
        content(path)
        return
    with open(path, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def snapshot(folder):
    """Path to what it is, for everything below the folder; a large sparse file is known by its size."""
    found = {}
    for where, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(where, name)
            relative, info = os.path.relpath(path, folder), os.lstat(path)
            if os.path.isfile(path) and not os.path.islink(path) and info.st_mode & 0o400 and info.st_size < 1 << 26:
                with open(path, "rb") as file:
                    found[relative] = hashlib.sha256(file.read()).hexdigest()
            else:
                found[relative] = (info.st_mode, info.st_size if not os.path.isdir(path) else 0)
    return found


def mounted(kind, folder):
    if os.geteuid() != 0:
        raise Skip("only root may mount")
    place = os.path.join(folder, "place")
    os.makedirs(place, exist_ok=True)
    options = {"tmpfs": ["-o", "size=16k,mode=777"], "read-only": ["-o", "ro"]}[kind]
    done = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        raise Skip("a file system cannot be mounted here")
    return place


# ---- results that must be whole ----

def check_png(path):
    with open(path, "rb") as file:
        content = file.read()
    at = 8
    while at + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[at:at + 8])
        if zlib.crc32(content[at + 4:at + 8 + length]) != struct.unpack(">I", content[at + 8 + length:at + 12 + length])[0]:
            raise ValueError("wrong checksum")
        at += 12 + length
        if kind == b"IEND":
            return
    raise ValueError("no end")


def check_npy(path, size):
    with open(path, "rb") as file:
        content = file.read()
    if content[:6] != b"\x93NUMPY" or (len(content) - 10 - struct.unpack("<H", content[8:10])[0]) != 4 * size:
        raise ValueError("not as long as its header says")


def no_constant(text):
    raise ValueError(f"{text} in JSON")


def check_explanation(told, partial):
    data, meta = told["data"], told["meta"]
    count = len(data["regions"])
    if bool(meta["partial"]) != partial:
        raise ValueError(f"meta.partial is {meta['partial']}")
    if told["schema_version"] != 1 or sorted(data["order"]) != list(range(count)):
        raise ValueError("the order is no order of all regions")
    for curve in ("insertion", "deletion"):
        scores = data[curve]["scores"]
        if len(scores) != count + 1 or "auc" not in data[curve]:
            raise ValueError(f"{curve} curve of {len(scores)} points for {count} regions")
        if not partial and None in scores:
            raise ValueError(f"{curve} has gaps")
    for part, keys in ((data, ("areas", "target", "subsets")), (meta, ("model_calls", "model_forwards", "seconds", "seed"))):
        for key in keys:
            part[key]


def check_results(folder, partial):
    for name in sorted(RESULTS):
        path = os.path.join(folder, name)
        try:
            if name.endswith(".png"):
                check_png(path)
            elif name.endswith(".npy"):
                check_npy(path, 32 * 32)
            else:
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                if name.endswith(".json"):
                    check_explanation(json.loads(text, parse_constant=no_constant), partial)
                elif not text.rstrip().endswith(("</svg>", "</html>")):
                    raise ValueError("no end")
        except (OSError, ValueError, KeyError, TypeError) as error:
            yield f"{name}: {error}"


# ---- one run ----

class Run:
    """The command in its folder, ended by a limit of time when it hangs."""

    def __init__(self, case, binary, folder, limits):
        options = case.options
        self.shown, self.told = os.path.join(folder, "..", "stdout"), os.path.join(folder, "..", "stderr")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("VITRAIL") and key != "NO_COLOR"}
        environment.update(LC_ALL="C.UTF-8", HOME="/nonexistent", VITRAIL_MODEL="tiny.onnx")
        more = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if options.get("nobody") and os.geteuid() == 0 else {}
        with open(self.told, "wb") as told, self.output(options.get("closes")) as shown:
            process = subprocess.Popen(
                [binary, *shlex.split(case.command)], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=shown, stderr=told,
                preexec_fn=lambda: self.prepare(options), **more)
        timer = threading.Timer(limits.seconds, process.kill)
        timer.start()
        if options.get("interrupts"):
            self.interrupt(process, options)
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = self.code = os.waitstatus_to_exitcode(status)
        self.bytes = usage.ru_maxrss * 1024
        with open(self.told, encoding="utf-8", errors="replace") as file:
            self.lines = file.read().splitlines()
        with open(self.shown, "ab+") as file:
            file.seek(0)
            self.shown_bytes = file.read()

    def output(self, kind):
        if kind == "full":
            return open("/dev/full", "wb")
        if kind == "nobody":
            reader, writer = os.pipe()
            os.close(reader)
            return os.fdopen(writer, "wb")
        return open(self.shown, "wb")

    @staticmethod
    def prepare(options):
        if options.get("closes") == "closed":
            os.close(1)
        if options.get("closes") == "errors":
            os.close(2)
        if "file_limit" in options:
            resource.setrlimit(resource.RLIMIT_FSIZE, (options["file_limit"],) * 2)

    def interrupt(self, process, options):
        """Sends its signals behind the first line of progress, or when it sleeps in the middle of something."""
        if options.get("sleeps"):
            threading.Event().wait(0.5)
        while not options.get("sleeps") and process.returncode is None and os.path.getsize(self.told) == 0:
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return
            threading.Event().wait(0.01)
        for _ in range(options["interrupts"]):
            process.send_signal(signal.SIGTERM if options.get("terminates") else signal.SIGINT)
            threading.Event().wait(0.002)

    def message(self):
        """What the command says is wrong."""
        return [line for line in self.lines if line.startswith("vitrail: ") and not line.startswith("vitrail: warning: ")]


def faults_of(case, run, before, after, folder, limits):
    options = case.options
    codes = case.exit if isinstance(case.exit, tuple) else (case.exit,)
    makes = options.get("makes")
    if run.code not in codes:
        yield f"exit code {run.code} instead of {' or '.join(map(str, codes))}"
    if run.bytes > limits.bytes:
        yield f"held {run.bytes >> 20} MB"
    if "prints" in options and not re.search(options["prints"], run.shown_bytes):
        yield f"standard output has no {options['prints']!r}"
    message, wrong = run.message(), run.code > 0 and case.message is not None and (run.code not in (0, 6))
    if wrong and len(message) != 1:
        yield f"{len(message)} lines of message instead of one"
    if wrong and not re.search(case.message or "(?!)", message[0] if message else ""):
        yield f"the message does not match {case.message!r}"
    for line in run.lines:
        if re.search(r"Sanitizer|runtime error:|Traceback|core dumped|assert", line):
            yield "a report of a broken program"
        elif not re.match(r"vitrail: |Try 'vitrail |\{\"what\"", line):
            yield f"a line from elsewhere: {line[:200]}"
    new, kept = set(after) - set(before), {name: what for name, what in before.items()
                                           if after.get(name) != what and name not in options.get("changes", ())}
    allowed = makes if makes and not wrong and run.code >= 0 else None
    foreign = {name for name in new if name.split("/")[0] != allowed}
    if run.code < 0:  # ended at once, as was asked: the folder it was writing may stay, its results do not appear
        foreign = {name for name in foreign if not name.startswith("out.part-")}
    if foreign:
        yield f"left behind: {', '.join(sorted(foreign))}"
    if kept:
        yield f"changed: {', '.join(sorted(kept))}"
    if allowed:
        yield from check_results(os.path.join(folder, makes), options.get("partial", False))


def runs_as_nobody(binary):
    """Whether a user without rights may start the command; not so below a home folder that is closed to others."""
    try:
        return subprocess.run([binary, "version"], user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True,
                              check=False).returncode == 0
    except PermissionError:
        return False


def run_case(case, binary, limits):
    top = tempfile.mkdtemp(prefix="vitrail-hostile-")
    os.chmod(top, 0o755)
    folder, place = os.path.join(top, "work"), None
    os.mkdir(folder)
    try:
        if case.options.get("nobody") and os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
            if not runs_as_nobody(binary):
                raise Skip("run by root, and the command cannot be run by another user")
        if case.options.get("place"):
            place = mounted(case.options["place"], folder)
        for name, content in (("photo.png", hostile_files.data("squares.png")), *((name, hostile_files.data(name)) for name in (
                "tiny.onnx", "tiny.json", "tiny_labels.txt")), *case.files.items()):
            put(folder, name, content)
        before = snapshot(folder)
        run = Run(case, binary, folder, limits)
        return run, list(faults_of(case, run, before, snapshot(folder), folder, limits))
    finally:
        if place:
            subprocess.run(["umount", place], check=False)
        shutil.rmtree(top, ignore_errors=True)


# ---- the page ----

def cell(text):
    text = re.sub(r"\.part-\d+", ".part-N", re.sub(r"(system refused|bytes more would exceed the limit of) \d+.*", r"\1 …", text))
    return "".join(letter if letter.isprintable() else "?" for letter in text).replace("|", "\\|").replace("<", "&lt;")


def print_page(rows):
    print("# Hostile inputs\n\nMade by `tests/cli/hostile.py --markdown`; the same script is a test. Each row is run in a folder of its "
          "own with a\nsmall model and a picture; the command must end by itself with this code, say what is wrong in one line, leave "
          "files that\nwere there alone and leave no half-written results.\n")
    print("| input | command | exit | message |\n|---|---|---|---|")
    for case, run in rows:
        command = case.command if len(case.command) < 200 else case.command[:60] + "…"
        message = " ".join(run.message()) or next((line for line in run.lines if "cut short" in line), "")
        code = " or ".join(map(str, case.exit)) if isinstance(case.exit, tuple) else run.code
        if isinstance(case.exit, tuple):  # chance decides
            message = ""
        message = message if len(message) < 400 else message[:400] + "…"
        print(f"| {cell(case.title)} | `{cell(command)}` | {code} | {cell(message)} |")


def missing_in_page(cases):
    try:
        with open(PAGE, encoding="utf-8", errors="replace") as file:
            page = file.read()
    except OSError:
        return [case.title for case in cases]
    return [case.title for case in cases if f"| {cell(case.title)} |" not in page]


def main():
    binary = os.path.abspath(os.environ["VITRAIL"])
    limits = Limits(binary)
    arguments = [argument for argument in sys.argv[1:] if argument != "--markdown"]
    markdown = "--markdown" in sys.argv
    cases = [case for case in hostile_cases.CASES if not arguments or any(part in case.title for part in arguments)]
    sys.stdout.reconfigure(errors="replace")
    if not markdown:
        print(f"1..{len(cases) + 1}")
    failed, rows = False, []
    for number, case in enumerate(cases, 1):
        try:
            run, faults = run_case(case, binary, limits)
        except Skip as reason:
            print(f"ok {number} - {case.title} # SKIP {reason}", file=sys.stderr if markdown else sys.stdout)
            continue
        rows.append((case, run))
        failed |= bool(faults)
        if markdown:
            continue
        print(f"{'not ok' if faults else 'ok'} {number} - {case.title}")
        for line in faults:
            print("#", line)
        for line in run.lines[:30] if faults or arguments else []:
            print("#   exit", run.code, line[:400])
        sys.stdout.flush()
    if markdown:
        print_page(rows)
        sys.exit(failed)
    absent = missing_in_page(cases)
    print(f"{'not ok' if absent else 'ok'} {len(cases) + 1} - every case stands in docs/hostile.md")
    for title in absent:
        print("# missing:", title)
    sys.exit(failed or bool(absent))


if __name__ == "__main__":
    main()
