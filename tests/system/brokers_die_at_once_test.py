# SPDX-License-Identifier: Apache-2.0
"""Three brokers that are killed at once, again and again, and agents that stop, die and start then.

A new leader knows less than its predecessor had committed, and a commit may be in doubt: the audit
must find each record once all the same. Usage: [ROUNDS], default 12. WATTSPOOL_SEED repeats the
moments of an earlier run.
"""

import sys
import time
import unittest

from harness.agent import Agent
from harness.audit import run_audit
from harness.broker import RealBroker
from harness.emulator import Emulator
from harness.scratch import Scratch
from harness.timeline import Timeline, seeded_random

ROUNDS = 12
SERIALS = ["000001", "000002", "000003"]
KILLED_S = 1.0  # after the begin of a round
BACK_S = (0.2, 4.0)  # after that the first of the brokers starts
APART_S = 2.0
DEAD_S = (0.01, 2.0)


class Campaign:
    def __init__(self, scratch, random):
        self.random = random
        self.starts = 0
        emulator = Emulator(scratch, SERIALS, ["--load", "mcu"]).start()
        self.broker = RealBroker(scratch, brokers=3)
        self.agents = [
            Agent(scratch, f"bench-{number}", brokers=self.broker.bootstrap, waveform="1kHz",
                  instruments=[instrument])
            for number, instrument in enumerate(emulator.instruments(), 1)]
        self.agents[0].ask("topics", "create")

    def run(self, rounds):
        for agent in self.agents:
            agent.start()
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for agent in self.agents:
                agent.wait_streaming()
            timeline, end_s = self.round()
            timeline.run(end_s)
            # Now and then the next kill comes while agents are still looking for their brokers.
            if number == rounds - 1 or self.random.random() < 0.7:
                self.wait_delivering()
        for agent in self.agents:
            agent.drain(120)
        return run_audit(self.agents[0])

    def round(self):
        random, timeline = self.random, Timeline()
        timeline.at(KILLED_S, "brokers are killed", self.broker.take_away_all)
        back_s = KILLED_S + random.uniform(*BACK_S)
        nodes = self.broker.cluster.nodes()
        last_s = back_s
        for node in random.sample(nodes, len(nodes)):
            moment_s = back_s + random.uniform(0, APART_S)
            last_s = max(last_s, moment_s)
            timeline.at(moment_s, f"broker {node} starts",
                        lambda node=node: self.broker.cluster.start(node, wait=False))
        for agent in self.agents:
            deed = random.choice((None, agent.stop, agent.kill))
            if not deed:
                continue
            name, word = agent.settings["agent_id"], "stops" if deed == agent.stop else "is killed"
            moment_s = random.uniform(KILLED_S - 0.3, last_s + 4)
            timeline.at(moment_s, f"{name} {word}", deed)
            timeline.at(moment_s + random.uniform(*DEAD_S), f"{name} starts",
                        lambda agent=agent: agent.start(wait=False))
            self.starts += 1
        return timeline, last_s + 7

    def wait_delivering(self):
        """An ack of each, from now on."""
        known = {agent: agent.wait_until(lambda status: True, "it answers")["kafka"]
                 ["delivered_records_total"] for agent in self.agents}
        begin = time.monotonic()
        for agent in self.agents:
            agent.wait_until(
                lambda status, before=known[agent]:
                status["kafka"]["delivered_records_total"] > before, "an ack", 120)
            print(f"        {agent.settings['agent_id']} has an ack after "
                  f"{time.monotonic() - begin:.1f} s", flush=True)


class BrokersDieAtOnce(unittest.TestCase):
    def test_nothing_is_lost_nothing_comes_twice(self):
        with Scratch("die") as scratch:
            campaign = Campaign(scratch, seeded_random())
            audit = campaign.run(ROUNDS)
            self.assertEqual(audit.findings(), [])
            self.assertEqual(audit.exit_code, 0)
            self.assertEqual((audit.duplicated(), audit.missing()), (0, 0))
            self.assertEqual(audit.devices(), [f"js220-{serial}" for serial in SERIALS])
            # Not vacuous: each start has a stream of its own, and all of them recorded.
            self.assertGreaterEqual(audit.document["streams"]["count"],
                                    campaign.starts + len(SERIALS))
            self.assertGreater(audit.lane("telemetry")["delivered"], 0)
            print(f"streams: {audit.document['streams']}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        ROUNDS = int(sys.argv.pop(1))
    unittest.main(warnings="ignore")  # the fixture leaves brokers running on purpose
