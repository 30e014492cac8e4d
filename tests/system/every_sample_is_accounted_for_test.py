# SPDX-License-Identifier: Apache-2.0
"""Two instruments at full rate, a real broker that goes away and is killed, kill -9 of the agent.

The audit from the broker's side must find every id delivered once or in a named gap, and charge and
energy must be those of the emulated samples. Usage: [SECONDS [KILLS]], default 60 3.
WATTSPOOL_SEED repeats the moments of an earlier run.
"""

import sys
import unittest

from harness.agent import Agent
from harness.audit import compare_with_truth, run_audit
from harness.broker import RealBroker
from harness.emulator import Emulator
from harness.process import NotInTime
from harness.scratch import Scratch
from harness.timeline import Timeline, seeded_random

SECONDS = 60
IDS_PER_SECOND = 2_000_000
LOADS = {"000001": "ble", "000002": "mcu"}
AGENT_KILLS = 3
DEAD_MAX_S = 1.5


class Campaign:
    """The plan, drawn at random, and its execution."""

    def __init__(self, scratch, seconds, random):
        self.seconds = seconds
        self.random = random
        self.emulators = [
            Emulator(scratch, [serial], ["--load", load, "--seed", random.randrange(1000)],
                     f"emulator-{serial}").start()
            for serial, load in LOADS.items()]
        self.broker = RealBroker(scratch)
        self.agent = Agent(
            scratch, brokers=self.broker.bootstrap,
            instruments=[one for emulator in self.emulators for one in emulator.instruments()])
        self.agent.ask("topics", "create")

    def run(self):
        self.agent.start().wait_streaming()
        instruments = [instrument for instrument, _ in self.agent.instruments]
        for instrument in instruments:
            self.agent.run("start", instrument, "--test-id", f"t-{instrument[-6:]}")
        self.plan().run(self.seconds)
        self.agent.wait_streaming()
        for instrument in instruments:
            self.agent.run("stop", instrument)
        self.agent.drain(120)
        return run_audit(self.agent)

    def plan(self):
        random, timeline = self.random, Timeline()
        whole = self.seconds
        away = random.uniform(0.1, 0.2) * whole
        back = away + whole / 3
        timeline.at(away, "broker stops", self.broker.take_away)
        timeline.at(back, "broker starts", lambda: self.broker.bring_back(wait=False))
        killed = random.uniform(0.75, 0.85) * whole
        timeline.at(killed, "broker is killed", self.broker.kill)
        timeline.at(killed + 0.5, "broker starts", lambda: self.broker.bring_back(wait=False))
        # One start with the broker away, the others at any moment.
        moments = [random.uniform(away + 0.5, back - 2)]
        while len(moments) < AGENT_KILLS:
            moment = random.uniform(1, whole - 2)
            if all(abs(moment - other) > DEAD_MAX_S for other in moments):
                moments.append(moment)
        for moment in moments:
            timeline.at(moment, "agent is killed", self.agent.kill)
            timeline.at(moment + random.uniform(0.01, DEAD_MAX_S), "agent starts",
                        lambda: self.agent.start(wait=False))
        return timeline


class EverySampleIsAccountedFor(unittest.TestCase):
    def test_through_outage_and_kills(self):
        with Scratch("accounted") as scratch:
            campaign = Campaign(scratch, SECONDS, seeded_random())
            try:
                audit = campaign.run()
            except NotInTime:
                print(campaign.agent.process.text()[-5000:])
                raise
            self.judge(audit)
            self.compare(audit, campaign.emulators)

    def judge(self, audit):
        document = audit.document
        self.assertEqual(audit.findings(), [])
        self.assertEqual(audit.exit_code, 0)
        self.assertTrue(document["read_committed"])
        self.assertTrue(document["complete"])
        for count in ("damaged", "malformed", "out_of_order"):
            self.assertEqual(document[f"records_{count}"], 0, count)
        self.assertEqual(audit.duplicated(), 0)
        self.assertEqual(audit.missing(), 0)
        self.assertEqual(audit.devices(), [f"js220-{serial}" for serial in LOADS])
        for lane in ("telemetry", "waveform"):
            ids = audit.lane(lane)
            print(f"{lane}: {ids}", flush=True)
            self.assertEqual(ids["total"], ids["delivered"] + ids["in_gaps"])
            self.assertEqual((ids["missing"], ids["twice"]), (0, 0))
            # Not vacuous: most of the time it did record.
            self.assertGreater(ids["delivered"], 0.3 * SECONDS * IDS_PER_SECOND * len(LOADS))
        print(f"gap events: {document['gap_events']}", flush=True)
        self.assertGreaterEqual(document["gap_events"].get("restart", 0), AGENT_KILLS)
        self.assertGreater(document["streams"]["count"], AGENT_KILLS)

    def compare(self, audit, emulators):
        rows = compare_with_truth(audit, emulators)
        self.assertEqual(len(rows), 6 * len(LOADS))
        for device, lane, what, value, true, agrees in rows:
            self.assertTrue(agrees, f"{device} {lane} {what}: {value}, the truth is {true}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SECONDS = float(sys.argv.pop(1))
    if len(sys.argv) > 1:
        AGENT_KILLS = int(sys.argv.pop(1))
    unittest.main(warnings="ignore")  # the fixture leaves brokers running on purpose
