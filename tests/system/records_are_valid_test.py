# SPDX-License-Identifier: Apache-2.0
"""What a real run put on the topics, as foreign consumers read it. Run by the readers' Python.

Every JSON record passes a strict parse and its published schema, the daemon in another time zone
than UTC; pyarrow and Polars read all waveform values, and these are the emulator's.
"""

import datetime
import io
import math
import os
import pathlib
import sys
import unittest

import polars as pl
import pyarrow as pa
from harness.agent import Agent
from harness.audit import run_audit
from harness.emulator import Emulator
from harness.programs import ROOT
from harness.records import read_topic
from harness.scratch import Scratch

sys.path.insert(0, str(ROOT / "tests" / "readers"))

import golden  # noqa: E402
import jsonschema  # noqa: E402

PREFIX = f"valid{os.getpid()}."
SERIALS = ("000001", "000002")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
RATE_HZ = 1_000_000
FULL_RATE_S = 4


class RecordsAreValid(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = cls.enterClassContext(Scratch("valid"))
        cls.emulator = Emulator(cls.scratch, SERIALS, ["--load", "ble"]).start()
        folder = pathlib.Path(os.environ["WATTSPOOL_KAFKA"])
        cls.bootstrap = (folder / "bootstrap").read_text(encoding="ascii").strip()
        cls.agent = Agent(cls.scratch, brokers=cls.bootstrap, prefix=PREFIX,
                          instruments=cls.emulator.instruments(), env={"TZ": "Asia/Tokyo"})
        cls.agent.ask("topics", "create")
        cls.play()
        cls.audit = run_audit(cls.agent)

    @classmethod
    def play(cls):
        """A bit of everything that makes records."""
        agent, (first, second) = cls.agent, [one for one, _ in cls.emulator.instruments()]
        agent.start().wait_streaming()
        agent.run("start", first, "--test-id", "t-1", "--part-id", "A0042", "--label", "a=b")
        agent.run("start", second, "--test-id", "t-2", "--recipe", "täglich «7»")
        agent.run("step", first, "--type", "discharge")
        agent.run("cycle", first)
        agent.run("mark", first, "fan replaced", "--value", "1.5")
        cls.emulator.send(SERIALS[1], "lose 21 3")
        # A kill may cost the commit that is open: here the events are to be seen.
        commits = agent.status()["spool"]["commits_total"]
        agent.wait_until(lambda status: status["spool"]["commits_total"] >= commits + 2, "commits")
        agent.kill()
        agent.start().wait_streaming()
        before = agent.status()["instruments"][0]["values_total"]
        agent.wait_until(
            lambda status: status["instruments"][0]["values_total"] - before
            >= FULL_RATE_S * RATE_HZ, f"{FULL_RATE_S} s of samples")
        agent.run("stop", first)
        agent.run("stop", second)
        agent.drain()

    def records(self, suffix):
        return read_topic(self.bootstrap, f"{PREFIX}{suffix}.v1")

    def test_the_audit_holds(self):
        self.assertEqual(self.audit.findings(), [])
        self.assertTrue(self.audit.holds)

    def test_every_json_record_follows_its_schema(self):
        for topic in golden.RECORD_FILES:
            schema = golden.schema(topic)
            check = jsonschema.validators.validator_for(schema)(schema)
            records = self.records(topic)
            self.assertGreater(len(records), 0, topic)
            for record in records:
                value = golden.parse_strict(record.value.decode("utf-8", errors="strict"))
                errors = [error.message for error in check.iter_errors(value)]
                self.assertEqual(errors, [], f"{topic} {record}")

    def test_times_are_utc_whatever_the_time_zone_is(self):
        for topic in ("telemetry", "event"):
            for record in self.records(topic):
                value = golden.parse_strict(record.value.decode())
                instant = datetime.datetime.fromisoformat(value["timestamp"])
                self.assertEqual((instant - EPOCH) // datetime.timedelta(microseconds=1),
                                 value["epoch_us"])

    def test_events_tell_what_happened(self):
        kinds = {golden.parse_strict(record.value.decode())["event_type"]
                 for record in self.records("event")}
        self.assertLessEqual({"agent_started", "device_connected", "test_started", "step_changed",
                              "cycle_changed", "marker", "gap", "test_stopped", "agent_stopped"},
                             kinds)

    def test_pyarrow_and_polars_read_every_waveform_value(self):
        current = {f"js220-{serial}": [] for serial in SERIALS}
        for record in self.records("waveform"):
            table = pa.ipc.open_stream(record.value).read_all()
            table.validate(full=True)
            frame = pl.read_ipc_stream(io.BytesIO(record.value))
            for column in ("first_sample", "values", "codes", "run_lengths"):
                self.assertEqual(table[column].to_pylist(), frame[column].to_list(), column)
            for row in table.select(["device_id", "signal", "values"]).to_pylist():
                if row["signal"] == "current":
                    current[row["device_id"]].append(row["values"])
        for serial in SERIALS:
            device = f"js220-{serial}"
            truth = self.emulator.truth(serial, self.audit.ranges(device, "waveform"))
            values = [value for part in current[device] for value in part]
            self.assertEqual(len(values), truth["sample_count"])
            self.assertGreater(len(values), FULL_RATE_S * RATE_HZ)
            # fsum rounds once, so one division further is at most one unit off.
            charge = math.fsum(values) / RATE_HZ
            self.assertLessEqual(abs(charge - truth["charge__C"]), math.ulp(charge))


if __name__ == "__main__":
    unittest.main()
