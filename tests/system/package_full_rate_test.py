# SPDX-License-Identifier: Apache-2.0
"""Four instruments at full rate inside the sandbox: no gap, and below the unit's own limits.

Argument: for how many seconds; 30 by default.
"""

import sys
import time
import unittest

from harness.bench import ONE_INSTRUMENT, Bench
from harness.broker import RealBroker
from harness.host import enter_own_network
from harness.process import wait_for
from harness.scratch import Scratch

SECONDS = 30
SERIALS = [f"00000{k}" for k in range(1, 5)]
# The spool turns: what was delivered makes room.
SETTINGS = "waveform.rate = 'full'\nspool.quota = '1GiB'\n"
VALUES_PER_S = 1_000_000


class PackageFullRate(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch("full-rate"))
        self.broker = RealBroker(self.scratch)
        self.bench = Bench(self.scratch, self.broker, disks={"/var/lib/wattspool": "2G"})
        self.host = self.bench.host

    def test_four_instruments(self):
        instruments = "".join(ONE_INSTRUMENT.format(serial) for serial in SERIALS)
        self.bench.configure(SETTINGS, instruments)
        self.bench.install()
        self.bench.start_instrument(serials=SERIALS)
        self.bench.create_topics()
        wait_for(lambda: self.bench.status()["kafka"]["delivered_records_total"] > 0, "an ack")
        wait_for(lambda: len(self.streaming()) == len(SERIALS), "all stream")
        before = {one["instrument"]: one["values_total"] for one in self.streaming()}
        log_before = len(self.bench.journal().splitlines())
        begin = time.monotonic()
        peak = self.watch(begin + SECONDS)
        for one in self.streaming():
            rate = (one["values_total"] - before[one["instrument"]]) / (time.monotonic() - begin)
            self.assertGreater(rate, 0.9 * VALUES_PER_S, one["instrument"])
            self.assertEqual(one["gaps_total"], 0, one)
        self.check_limits(peak, len(self.bench.journal().splitlines()) - log_before)
        self.check_identity()

    def streaming(self):
        return [one for one in self.bench.status()["instruments"] if one["state"] == "streaming"]

    def watch(self, until):
        """The most that was used of each."""
        peak = {"resident bytes": 0, "tasks": 0, "descriptors": 0}
        while time.monotonic() < until:
            used = self.bench.status()["process"]
            now = (used["resident_memory_bytes"], used["threads"], used["descriptors"])
            for name, value in zip(peak, now):
                peak[name] = max(peak[name], value)
            time.sleep(1)
        return peak

    def limit(self, prop):
        return int(self.bench.unit(prop))

    def check_limits(self, peak, log_lines):
        """Of the unit; the kernel of a test need not enforce them, so they are compared."""
        print(f"    {SECONDS} s: {peak}, {log_lines} lines of log", flush=True)
        self.assertLess(peak["resident bytes"], self.limit("MemoryHigh") / 2)
        self.assertLess(peak["tasks"], self.limit("TasksMax") / 2)
        self.assertLess(peak["descriptors"], self.limit("LimitNOFILE") / 2)
        # The burst is of 30 s, a run is at least as long.
        self.assertLess(log_lines, self.limit("LogRateLimitBurst") / 10)

    def check_identity(self):
        self.bench.drain(SETTINGS, patience_s=300)
        audit = self.bench.audit()
        self.assertEqual(audit["gap_events"], {})
        for serial in SERIALS:
            ids = audit["devices"][f"js220-{serial}"]["lanes"]["waveform"]["ids_delivered"]
            self.assertGreater(ids, 0.9 * 2 * VALUES_PER_S * SECONDS)


if __name__ == "__main__":
    enter_own_network()
    if len(sys.argv) > 1:
        SECONDS = int(sys.argv.pop())
    unittest.main()
