# SPDX-License-Identifier: Apache-2.0
"""How the daemon stops, starts without a broker, goes on in mid-step, is asked while it hangs."""

import json
import time
import unittest

from harness.agent import Agent
from harness.audit import FollowingAudit
from harness.broker import MockBroker
from harness.emulator import Emulator
from harness.process import wait_for
from harness.records import read_topic
from harness.scratch import Scratch
from harness.spool_audit import audit_spool

STOP_S = 5
ANSWER_S = 0.2
# Of a process on a machine that runs other tests as well.
PROCESS_S = 0.3
SERIAL = "000001"
INSTRUMENT = f"js220/{SERIAL}"
DEVICE = f"js220-{SERIAL}"


class StopAndStart(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch("stop"))
        self.emulator = Emulator(self.scratch, [SERIAL], ["--load", "mcu"]).start()

    def agent(self, **settings):
        return Agent(self.scratch, instruments=self.emulator.instruments(), **settings)

    def counter(self):
        return int("".join(c for c in self.emulator.send(SERIAL, "counter") if c.isdigit()))

    def test_sigterm_stops_within_5_seconds_and_seals_everything(self):
        agent = self.agent()
        agent.start().wait_streaming()
        before = self.counter()
        begin = time.monotonic()
        self.assertEqual(agent.stop(), 0, agent.process.text()[-3000:])
        self.assertLess(time.monotonic() - begin, STOP_S)
        audit = audit_spool(agent.spool)
        self.assertEqual(audit.findings(), [])
        # What the instrument had sent before the signal is in rows, in every lane, without a gap.
        for lane in ("telemetry", "waveform"):
            ids = audit.lane(lane)
            self.assertEqual(ids["total"], ids["delivered"], audit.document["gap_events"])
            self.assertGreaterEqual(audit.ranges(DEVICE, lane)[-1][1], before - 2_000_000 // 5)
        last = [audit.ranges(DEVICE, lane)[-1][1] for lane in ("telemetry", "waveform")]
        self.assertEqual(*last, "both lanes end at the same id")

    def test_without_a_broker_it_records_and_sends_when_one_appears(self):
        broker = MockBroker(self.scratch)
        broker.take_away()
        agent = self.agent(brokers=broker.bootstrap, delivery="at_least_once", waveform="1kHz")
        agent.start().wait_streaming()
        agent.wait_until(lambda status: status["spool"]["lanes"]["telemetry"]["unacked_rows"] >= 10,
                         "rows wait for the broker")
        self.assertEqual(agent.status()["kafka"]["delivered_records_total"], 0)
        follower = FollowingAudit(self.scratch, agent)
        broker.bring_back()
        agent.wait_until(lambda status: status["kafka"]["delivered_records_total"] >= 10
                         and status["spool"]["lanes"]["telemetry"]["unacked_rows"] < 5,
                         "the backlog is sent")
        agent.drain()
        audit = follower.finish()
        self.assertEqual(audit.findings(), [])
        self.assertTrue(audit.all_there())

    def test_a_run_goes_on_in_mid_step_after_a_kill(self):
        broker = MockBroker(self.scratch)
        agent = self.agent(brokers=broker.bootstrap, delivery="at_least_once", waveform="off")
        agent.start().wait_streaming()
        agent.run("start", INSTRUMENT, "--test-id", "t-1")
        agent.run("step", INSTRUMENT, "--type", "discharge")
        agent.run("cycle", INSTRUMENT)
        agent.run("step", INSTRUMENT, "--type", "charge")
        agent.kill()  # what was answered is durable
        agent.start().wait_streaming()
        run = agent.status()["instruments"][0]["run"]
        self.assertEqual((run["test_id"], run["cycle_number"], run["step_number"]), ("t-1", 2, 4))

        def records_total(status):
            run = status["instruments"][0]["run"]
            return run["records_total"] if run["test_id"] == "t-1" else 0
        agent.wait_until(lambda status: records_total(status) >= 10, "records of the step")
        agent.kill()
        agent.start().wait_streaming()
        run = agent.status()["instruments"][0]["run"]
        self.assertEqual((run["test_id"], run["state"], run["cycle_number"]),
                         ("t-1", "running", 2))
        before = records_total(agent.status())
        self.assertGreaterEqual(before, 1)
        agent.wait_until(lambda status: records_total(status) >= before + 10, "further records")
        agent.run("stop", INSTRUMENT)
        agent.drain()
        self.check_records([json.loads(record.value) for record in
                            read_topic(broker.bootstrap, "bench.telemetry.v1")
                            if record.key == f"{DEVICE}/t-1"])

    def check_records(self, records):
        # At least once: what came twice has the same bytes.
        records = list({record["record_number"]: record for record in records}.values())
        numbers = [record["record_number"] for record in records]
        self.assertEqual(numbers, sorted(numbers))
        holes = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
        self.assertLessEqual(len(holes), 1, "only the kill can cost records, at one place")
        self.assertEqual(numbers[0], 1)
        step = {"number": 0}
        for record in records:
            if record["step_number"] != step["number"]:
                self.assertEqual(record["step_number"], step["number"] + 1)
                step = {"number": record["step_number"], "duration": 0.0, "charged": 0.0,
                        "discharged": 0.0}
            step["duration"] += record["duration__s"]
            for way in ("charged", "discharged"):
                step[way] += record[f"energy_{way}__Wh"]
                self.assertAlmostEqual(record[f"step_energy_{way}__Wh"], step[way], delta=1e-15)
            self.assertAlmostEqual(record["step_duration__s"], step["duration"], delta=1e-9)

    def test_a_hung_daemon_is_reported_from_its_file_at_once(self):
        agent = self.agent(waveform="1kHz")
        agent.start().wait_streaming()
        file = self.scratch.socket("agent.sock").parent / "status.json"
        wait_for(file.exists, "the status file")
        agent.hang()
        try:
            best = min(self.timed_status(agent) for _ in range(3))
        finally:
            agent.resume()
        self.assertLess(best, ANSWER_S + PROCESS_S)
        agent.wait_until(lambda status: True, "it answers again")
        self.assertEqual(agent.stop(), 0)

    def timed_status(self, agent):
        begin = time.monotonic()
        answer = agent.ask("status", check=False)
        seconds = time.monotonic() - begin
        self.assertIn(INSTRUMENT, answer.stdout + answer.stderr)
        self.assertIn("does not answer", answer.stdout + answer.stderr)
        return seconds


if __name__ == "__main__":
    unittest.main()
