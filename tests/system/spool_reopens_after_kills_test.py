# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments, opening included: it starts again each time, and nothing is unnamed.

No broker: what counts is the spool. Usage: [KILLS], default 6. WATTSPOOL_SEED repeats the moments.
"""

import json
import sys
import time
import unittest

from harness.agent import Agent
from harness.emulator import Emulator
from harness.scratch import Scratch
from harness.spool_audit import audit_spool
from harness.timeline import seeded_random

KILLS = 6
# The pipeline's memory.ring of 1 MiB allows a small quota: eviction begins within seconds.
SMALL_QUOTA = "24MiB"


class SpoolReopensAfterKills(unittest.TestCase):
    def campaign(self, evicts=False, **settings):
        random = seeded_random()
        with Scratch("kills") as scratch:
            emulator = Emulator(scratch, ["000001", "000002"], ["--load", "mcu"]).start()
            agent = Agent(scratch, instruments=emulator.instruments(), **settings)
            agent.start().stop()
            for kill in range(KILLS):
                with self.subTest(kill=kill):
                    agent.start(wait=False)
                    # Every third dies while it opens.
                    if kill % 3:
                        agent.wait_streaming()
                    time.sleep(random.uniform(0, 1.0))
                    self.assertTrue(agent.process.running(), agent.process.text()[-3000:])
                    agent.kill()
                    verdict = json.loads(agent.ask("spool", "verify", "--json").stdout)
                    self.assertTrue(verdict["ok"], verdict)
            agent.start().wait_streaming()
            if evicts:  # a slow disk fills the ring later
                agent.wait_until(lambda status: status["spool"]["evicted_rows_total"] > 0,
                                 "rows are evicted")
            self.check_books(agent)
            self.assertEqual(agent.stop(), 0)
            audit = audit_spool(agent.spool)
            self.check(audit)
            return audit

    def check_books(self, agent):
        spool = agent.status()["spool"]
        self.assertEqual((spool["set_aside"], spool["damage"]), ("", ""))
        self.assertLessEqual(spool["file_bytes"], spool["quota_bytes"])
        self.assertLessEqual(agent.spool.stat().st_size, spool["quota_bytes"])

    def check(self, audit):
        self.assertEqual(audit.findings(), [])
        self.assertTrue(audit.holds)
        for lane in ("telemetry", "waveform"):
            ids = audit.lane(lane)
            print(f"{lane}: {ids}", flush=True)
            self.assertEqual(ids["total"], ids["delivered"] + ids["in_gaps"])
            self.assertGreater(ids["delivered"], 0)
        print(f"gap events: {audit.document['gap_events']}", flush=True)
        self.assertGreaterEqual(audit.document["gap_events"].get("restart", 0), KILLS // 2)

    def test_the_first_opening(self):
        random = seeded_random()
        for kill in range(2 * KILLS):
            with self.subTest(kill=kill), Scratch("first") as scratch:
                agent = Agent(scratch)
                agent.start(wait=False)
                time.sleep(random.uniform(0, 0.1))
                agent.kill()
                # Whatever it left, even tables without an entry, is no damage.
                self.check_books(agent.start())
                self.assertEqual(agent.stop(), 0)

    def test_default_lanes(self):
        self.campaign(waveform="1kHz")

    def test_full_rate_while_rows_are_evicted(self):
        audit = self.campaign(evicts=True, waveform="full", quota=SMALL_QUOTA, ring="1MiB")
        self.assertGreater(audit.document["gap_events"].get("evicted", 0), 0)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        KILLS = int(sys.argv.pop(1))
    unittest.main()
