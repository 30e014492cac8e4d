# SPDX-License-Identifier: Apache-2.0
"""An engine that guesses types from the first records still gets every fraction that comes."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import duckdb

RESTING = 40_000
DISCHARGING = 400
TRUTH = DISCHARGING * 0.25 / 3600


def discharged(path):
    return duckdb.execute(
        "select sum(capacity_discharged__Ah), sum(current__A)"
        f" from read_json_auto('{path}', format = 'newline_delimited')"
    ).fetchall()[0]


class Inference(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "records.jsonl"
        with open(self.path, "wb") as out:
            program = os.environ["WATTSPOOL_TELEMETRY_STREAM"]
            subprocess.run([program, str(RESTING), str(DISCHARGING)], stdout=out, check=True)

    def test_fractions_behind_40000_whole_numbers_are_summed(self):
        capacity, current = discharged(self.path)
        self.assertAlmostEqual(capacity, TRUTH, delta=1e-12)
        self.assertEqual(current, -0.25 * DISCHARGING)

    def test_without_the_point_they_would_be_lost(self):
        text = self.path.read_text(encoding="utf-8").replace(":0.0,", ":0,")
        self.path.write_text(text, encoding="utf-8")
        capacity, _ = discharged(self.path)
        self.assertNotAlmostEqual(capacity, TRUTH, delta=1e-12)


if __name__ == "__main__":
    unittest.main()
