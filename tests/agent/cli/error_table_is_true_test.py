#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds agent/ERRORS.md against the tree: each message stands in the sources, each test exists.

Usage: error_table_is_true_test.py ROOT
"""

import pathlib
import re
import sys

PROGRAM_PARTS = ("agent", "buffer", "drivers", "proto")


def text_of(root, folders):
    files = [path for folder in folders for path in sorted((root / folder).rglob("*"))
             if path.suffix in (".cc", ".h")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def rows_of(page):
    for number, line in enumerate(page.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| ") and cells[0] not in ("what", "---"):
            yield number, cells


def missing_parts(message, sources):
    """What varies is written as "…"; a few letters prove nothing."""
    parts = [part.strip() for part in message.split("…")]
    return [part for part in parts if len(part) > 3 and part not in sources]


def main():
    root = pathlib.Path(sys.argv[1])
    # Adjacent literals are one text, and quotes inside them are escaped.
    sources = re.sub(r'"\s*\n?\s*"', "", text_of(root, PROGRAM_PARTS)).replace('\\"', '"')
    tests = set(re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", text_of(root, ["tests"]), re.M))
    page = (root / "agent/ERRORS.md").read_text(encoding="utf-8")
    mistakes = []
    untested = []
    rows = 0
    for number, cells in rows_of(page):
        rows += 1
        message = re.findall(r"`([^`]*)`", cells[2 if len(cells) == 5 else 1])
        if len(message) != 1:
            mistakes.append(f"{number}: one message in backticks is expected")
            continue
        for part in missing_parts(message[0], sources):
            if not part.startswith("wattspool.toml"):
                mistakes.append(f"{number}: no source says \"{part}\"")
        named = re.findall(r"`(\w+)\.(\w+)`", cells[-1])
        if not named:
            untested.append(cells[0])
        for suite, case in named:
            if (suite, case) not in tests:
                mistakes.append(f"{number}: there is no test {suite}.{case}")
    print(f"{rows} lines, {len(untested)} without a test: {', '.join(untested) or '-'}")
    for mistake in mistakes:
        print(f"agent/ERRORS.md:{mistake}")
    return 1 if mistakes or rows < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
