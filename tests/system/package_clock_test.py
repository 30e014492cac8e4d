# SPDX-License-Identifier: Apache-2.0
"""An installed bench that starts in 1970, and whose clock is then set an hour on and back.

The wall clock is moved for the daemon alone (package/step_clock.cc): the host shares its kernel.
"""

import json
import os
import shutil
import time
import unittest

from harness.bench import UNIT, Bench
from harness.broker import RealBroker
from harness.host import enter_own_network
from harness.process import wait_for
from harness.programs import program
from harness.records import read_topic
from harness.scratch import Scratch

SHIM = "/usr/lib/libstep_clock.so"
STEP_FILE = "/etc/step-clock"
DROP_IN = f"""\
[Service]
Environment=LD_PRELOAD={SHIM} STEP_CLOCK_FILE={STEP_FILE}
"""
HOUR_S = 3600
STEPS_S = (HOUR_S, 0, -HOUR_S, 0)
TOLERANCE_S = 60  # a loaded machine's time between two records


class PackageClock(unittest.TestCase):
    """One life of a bench: each step stands on the one before."""

    def setUp(self):
        self.scratch = self.enterContext(Scratch("clock"))
        self.broker = RealBroker(self.scratch)
        self.bench = Bench(self.scratch, self.broker)
        self.host = self.bench.host
        shutil.copy(program("libstep_clock.so"), self.host.path(SHIM))
        self.host.write(f"/etc/systemd/system/{UNIT}.d/clock.conf", DROP_IN)
        self.host.write(STEP_FILE, "")

    def test_its_clock_is_set(self):
        for step in (self.it_starts_in_1970, self.it_is_well_when_the_clock_is_set,
                     self.a_step_begins_a_segment, self.no_time_comes_twice,
                     self.everything_is_accounted_for):
            print(f"... {step.__name__}", flush=True)
            step()

    def set_clock(self, offset_s):
        file = os.open(self.host.path(STEP_FILE), os.O_WRONLY)
        os.pwrite(file, f"{int(offset_s * 1e9):+025d}".encode("ascii"), 0)
        os.close(file)

    def records(self):
        return self.bench.spool()["lanes"]["telemetry"]["records"]

    def wait_records(self, count=30):
        before = self.records()
        wait_for(lambda: self.records() >= before + count, "it acquires", 60, 0.2)

    def it_starts_in_1970(self):
        """Ten minutes after its first second, and the network is not there either."""
        self.set_clock(600 - time.time())
        self.broker.take_away()
        self.bench.install()
        # A JS220 has its time from the host.
        self.bench.start_instrument(*DROP_IN.splitlines()[1:])
        wait_for(lambda: "time_unsynchronised" in self.bench.verdict()[1], "it is said", 30, 0.2)
        self.assertTrue(self.bench.status()["updated_at"].startswith("1970-01-01"))
        self.assertEqual(self.bench.verdict()[0], 1)
        self.wait_records()

    def it_is_well_when_the_clock_is_set(self):
        self.set_clock(0)
        wait_for(lambda: "time_unsynchronised" not in self.bench.verdict()[1], "it is over",
                 60, 0.2)
        self.broker.bring_back()
        # Else the broker deletes what was measured in 1970.
        self.host.run("wattspool", "topics", "create", "--retention", "30000d")
        self.bench.wait_acked()

    def read(self, topic):
        return [json.loads(one.value) for one in read_topic(self.broker.bootstrap, topic)]

    def steps(self):
        return [one["value"] for one in self.read("bench.event.v1")
                if one["event_type"] == "clock_step"]

    def a_step_begins_a_segment(self):
        pid = self.bench.unit("MainPID")
        for offset_s in STEPS_S:
            told = len(self.steps())
            self.set_clock(offset_s)
            begin = time.monotonic()
            wait_for(lambda: len(self.steps()) == told + 1, "the step is told", 60, 0.2)
            print(f"    {offset_s:+5d} s: told after {time.monotonic() - begin:.1f} s", flush=True)
            self.wait_records()
            self.bench.wait_acked()
        self.assertEqual(self.bench.unit("MainPID"), pid, self.bench.journal())
        self.assertEqual(self.bench.unit("NRestarts"), "0")

    def no_time_comes_twice(self):
        """Where the clock was set back the time goes back, once; else it rises strictly."""
        self.bench.drain()
        steps = self.steps()
        self.assertEqual(len(steps), 1 + len(STEPS_S), steps)
        self.assertGreater(steps[0], 40 * 365 * 86400)
        for step, wanted in zip(steps[1:], (HOUR_S, -HOUR_S, -HOUR_S, HOUR_S)):
            self.assertAlmostEqual(step, wanted, delta=1)
        times_us = [one["epoch_us"] for one in self.read("bench.telemetry.v1")]
        self.assertGreater(len(times_us), 150)
        differences_s = [(b - a) / 1e6 for a, b in zip(times_us, times_us[1:])]
        set_s = [one for one in differences_s if not 0 < one < TOLERANCE_S]
        self.assertEqual(len(set_s), len(steps), set_s)
        for difference, step in zip(set_s, steps):
            self.assertAlmostEqual(difference, step, delta=TOLERANCE_S)

    def everything_is_accounted_for(self):
        lanes = self.bench.audit()["devices"]["js220-000001"]["lanes"]
        self.assertGreater(lanes["telemetry"]["ids_delivered"], 0)


if __name__ == "__main__":
    enter_own_network()
    unittest.main()
