# SPDX-License-Identifier: Apache-2.0
"""A run that skips tests is no failure, and ends with how many it skipped, and why."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOOGLE = r"[ RUN      ] X.Y\n/x/y.cc:12: Skipped\nclosed to nobody\n\n[  SKIPPED ] X.Y (0 ms)\n"
TESTS = f"""\
add_test(one /bin/sh -c "echo noise; echo 'skipped: only root can boot a host' >&2; exit 77")
add_test(two /bin/sh -c "echo 'skipped: only root can boot a host'; exit 77")
add_test(mute /bin/sh -c "exit 77")
set_tests_properties(one two mute PROPERTIES SKIP_RETURN_CODE 77)
add_test(google /usr/bin/printf [[{GOOGLE}]])
set_tests_properties(google PROPERTIES SKIP_REGULAR_EXPRESSION "\\\\[  SKIPPED \\\\]")
add_test(good /bin/true)
"""


class SkippedTestsAreNamed(unittest.TestCase):
    def run_tests(self, tests):
        """By ./dev's own function."""
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(folder, "build", "some")
            build.mkdir(parents=True)
            (build / "CTestTestfile.cmake").write_text(tests, encoding="utf-8")
            os.symlink(ROOT / "tests", pathlib.Path(folder, "tests"))
            return subprocess.run(
                ["bash", "-euc", "source tests/dev/steps.sh; run_tests some ''"], cwd=folder,
                capture_output=True, text=True, check=False)

    def test_they_are_counted_by_reason(self):
        said = self.run_tests(TESTS)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertEqual(said.stdout.splitlines()[-4:], [
            "==> NOT RUN: 4 of 5 tests were skipped:",
            "      2: only root can boot a host (one, two)",
            "      1: it does not say why (mute)",
            "      1: closed to nobody (google)"])

    def test_nothing_is_said_of_none(self):
        said = self.run_tests("add_test(good /bin/true)\n")
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertNotIn("NOT RUN", said.stdout)
        self.assertIn("100% tests passed", said.stdout)

    def test_a_failure_stays_one(self):
        said = self.run_tests(TESTS + "add_test(bad /bin/false)\n")
        self.assertNotEqual(said.returncode, 0)
        self.assertIn("NOT RUN: 4 of 6", said.stdout)


if __name__ == "__main__":
    unittest.main()
