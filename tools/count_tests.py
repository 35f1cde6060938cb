#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the cases of Meson's last test run (build/meson-logs); prints "N passed, N failed, N skipped". A program that
failed without a failing case, because it died or stopped early, counts as one failure. Exit 1 when any failed or none ran."""
import json
import os
import sys
import xml.etree.ElementTree as ElementTree


def main():
    logs = sys.argv[1]
    passed = failed = skipped = 0
    failing = set()
    for suite in ElementTree.parse(os.path.join(logs, "testlog.junit.xml")).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
                failing.add(case.get("classname", "").removeprefix("vitrail."))
                failing.add(case.get("name"))
            elif case.find("skipped") is not None:
                skipped += 1
            else:
                passed += 1
    with open(os.path.join(logs, "testlog.json"), encoding="utf-8") as log:
        for test in map(json.loads, log):
            if test["result"] in ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT") and test["name"] not in failing:
                failed += 1
                print(f"{test['name']}: {test['result'].lower()}, exit {test.get('returncode')}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
