#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual pages name every verb and option that --help knows, no other; mandoc reads them."""

import re
import subprocess
import unittest

from harness.programs import ROOT
from packaging_help import help_of, options_in, verbs_of

MANUAL = ROOT / "packaging" / "man"
# scdoc puts a paragraph macro between any two blocks; mandoc mentions the needless ones.
OF_SCDOC = "skipping paragraph macro"


def page(name):
    return (MANUAL / f"{name}.scd").read_text(encoding="utf-8").replace("\\_", "_")


def options_of_page(text):
    return set(re.findall(r"\*(--[a-z][a-z-]*|-[a-zA-Z])\*", text))


class ManualNamesEveryOption(unittest.TestCase):
    def sections(self):
        """Verb -> what wattspool(1) says about it."""
        parts = re.split(r"^## wattspool ", page("wattspool.1"), flags=re.M)
        return {part.split()[0]: part.split("\n# ")[0] for part in parts[1:]}

    def test_of_each_verb(self):
        sections = self.sections()
        verbs = verbs_of("wattspool", [])
        self.assertEqual(set(sections), set(verbs))
        for verb in verbs:
            known = set(options_in(help_of("wattspool", [verb])))
            for action in verbs_of("wattspool", [verb]):
                self.assertRegex(sections[verb], rf"\b{action}\b", f"wattspool {verb} {action}")
                known |= set(options_in(help_of("wattspool", [verb, action])))
            self.assertEqual(options_of_page(sections[verb]), known - {"-h", "--help"}, verb)

    def test_of_both_programs(self):
        for program, name in (("wattspool", "wattspool.1"), ("wattspoold", "wattspoold.8")):
            text = page(name).split("# OPTIONS")[1].split("\n# ")[0]
            self.assertEqual(options_of_page(text), set(options_in(help_of(program, []))), name)

    def test_and_mandoc_has_no_complaint(self):
        pages = sorted(MANUAL.glob("*.scd"))
        self.assertEqual(len(pages), 4)
        for source in pages:
            rendered = subprocess.run(["scdoc"], input=source.read_bytes(), capture_output=True,
                                      check=True).stdout
            lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning"], input=rendered,
                                  capture_output=True, check=False)
            complaints = [line for line in (lint.stdout + lint.stderr).decode().splitlines()
                          if OF_SCDOC not in line]
            self.assertEqual(complaints, [], source.name)


if __name__ == "__main__":
    unittest.main()
