#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bash completes every verb, action and option of wattspool, and values that --help lists."""

import subprocess
import unittest

from harness.programs import ROOT, program
from packaging_help import help_of, options_in, verbs_of

COMPLETE = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_wattspool "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(*words):
    """What the last word may become."""
    answer = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", ROOT / "packaging" / "completion" / "wattspool",
         program("wattspool"), *words], capture_output=True, text=True, check=True)
    assert answer.stderr == "", answer.stderr
    return {word for word in answer.stdout.splitlines() if word}


class CompletionKnowsEveryWord(unittest.TestCase):
    def test_verbs(self):
        self.assertEqual(completed(""), set(verbs_of("wattspool", [])))
        self.assertEqual(completed("re"), {"release", "record-usb", "report"})

    def test_actions_and_options_of_each_verb(self):
        self.assertEqual(completed("--"), {o for o in options_in(help_of("wattspool", []))
                                           if o.startswith("--")})
        for verb in verbs_of("wattspool", []):
            actions = verbs_of("wattspool", [verb])
            if actions:
                self.assertEqual(completed(verb, ""), set(actions), verb)
            for words in [[verb], *[[verb, action] for action in actions]]:
                options = set(options_in(help_of("wattspool", words)))
                self.assertEqual(completed(*words, "-"), options, words)

    def test_behind_options_and_their_values(self):
        self.assertIn("--recipe", completed("--no-color", "run", "start", "--test-id", "a", "--"))
        self.assertEqual(completed("spool", "list", "--lane", "w"), {"waveform"})

    def test_nothing_for_nonsense(self):
        self.assertEqual(completed("status", "no-such"), set())


if __name__ == "__main__":
    unittest.main()
