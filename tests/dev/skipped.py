#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many tests of a run were skipped, and why: skipped.py JUNIT_FILE, as ctest has written it.

A test says why on a line that begins with "skipped: "; GoogleTest, below its line "...: Skipped".
"""

import collections
import re
import sys
import xml.etree.ElementTree as xml

WHY = (re.compile(r"^skipped: (.+)$", re.M), re.compile(r": Skipped\n(.+)$", re.M))
NAMES_MAX = 4


def why(case):
    text = case.findtext("system-out") or ""
    for pattern in WHY:
        found = pattern.search(text)
        if found:
            return found.group(1)
    return "it does not say why"


def main(file):
    cases = list(xml.parse(file).iter("testcase"))
    skipped = collections.defaultdict(list)
    for case in cases:
        if case.find("skipped") is not None:
            skipped[why(case)].append(case.get("name"))
    if not skipped:
        return
    count = sum(len(names) for names in skipped.values())
    print(f"==> NOT RUN: {count} of {len(cases)} tests were skipped:")
    for reason, names in skipped.items():
        more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
        print(f"      {len(names)}: {reason} ({', '.join(names[:NAMES_MAX])}{more})")


if __name__ == "__main__":
    main(sys.argv[1])
