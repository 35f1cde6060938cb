#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the cases in Meson's JUnit report; prints "N passed, N failed, N skipped". Exit 1 when any failed or none ran."""
import sys
import xml.etree.ElementTree as ElementTree


def main():
    passed = failed = skipped = 0
    for suite in ElementTree.parse(sys.argv[1]).getroot().iter("testsuite"):
        cases = list(suite.iter("testcase"))
        for case in cases:
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif case.find("skipped") is not None:
                skipped += 1
            else:
                passed += 1
        # a program that died before its first case, or whose plan was broken off
        counted = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
        declared = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        failed += max(0, declared - counted)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
