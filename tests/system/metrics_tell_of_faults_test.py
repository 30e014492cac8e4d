# SPDX-License-Identifier: Apache-2.0
"""What happens to a bench shows in Prometheus: metrics, alert rules and the dashboard, for real."""

import json
import re
import subprocess
import unittest

from harness.agent import Agent
from harness.broker import MockBroker
from harness.emulator import Emulator
from harness.process import wait_for
from harness.prometheus import DASHBOARD, RULES, Prometheus, get, prometheus_program
from harness.scratch import Scratch

SERIAL = "000001"
NAME = re.compile(r"\b(?:wattspool|process)_[a-z_]+\b")


def samples_of(text):
    """{name and labels: value}"""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def queries_of(dashboard):
    panels = json.loads(dashboard.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


class MetricsTellOfFaults(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch("metrics"))
        self.emulator = Emulator(self.scratch, [SERIAL], ["--load", "mcu"]).start()

    def agent(self, name="agent", **settings):
        settings = {"waveform": "1kHz", "metrics": "127.0.0.1:0", "delivery": "at_least_once",
                    "instruments": self.emulator.instruments(), **settings}
        agent = Agent(self.scratch, name, **settings)
        agent.start().wait_streaming()
        return agent

    def delivering(self, **settings):
        broker = MockBroker(self.scratch)
        agent = self.agent(brokers=broker.bootstrap, **settings)
        agent.wait_until(lambda status: status["kafka"]["delivered_records_total"] > 0, "an ack")
        return broker, agent

    def url(self, agent):
        return f"http://{agent.status()['metrics']['listen']}/metrics"

    def promtool(self, *words, text=None):
        done = subprocess.run([prometheus_program("promtool"), *map(str, words)], input=text,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_the_rules_fire_in_the_states_that_they_are_for(self):
        self.promtool("check", "rules", RULES)
        states = RULES.parents[2] / "tests/system/prometheus/wattspool.rules.test.yml"
        self.promtool("test", "rules", states)
        alerts = set(re.findall(r"alert: (\w+)", RULES.read_text(encoding="utf-8")))
        tested = set(re.findall(r'alertname="(\w+)"', states.read_text(encoding="utf-8")))
        self.assertEqual(alerts, tested, "each alert has a state in which it fires")
        table = (RULES.parents[1] / "README.md").read_text(encoding="utf-8")
        self.assertEqual(alerts, set(re.findall(r"^\| `(Wattspool\w+)` \|", table, re.M)))

    def test_a_scrape_is_the_status_of_that_second(self):
        _, agent = self.delivering()
        file = self.scratch.socket("agent.sock").parent / "status.json"

        def look():
            status = json.loads(file.read_text(encoding="utf-8"))
            scraped = samples_of(get(self.url(agent)))
            after = json.loads(file.read_text(encoding="utf-8"))
            taken = scraped["wattspool_status_timestamp_seconds"]
            same = status["updated_at"] == after["updated_at"] and status["updated_at"].startswith(
                self.rfc3339(taken))
            return (status, scraped) if same else None
        status, scraped = wait_for(look, "a scrape between two writes of the file")
        instrument = status["instruments"][0]
        label = f'{{instrument="{instrument["instrument"]}"}}'
        for name, expected in (
                (f"wattspool_instrument_values_total{label}", instrument["values_total"]),
                (f"wattspool_instrument_memory_bytes{label}", instrument["memory_bytes"]),
                ("wattspool_spool_commits_total", status["spool"]["commits_total"]),
                ("wattspool_spool_unacked_bytes", status["spool"]["unacked_bytes"]),
                ("wattspool_forward_delivered_records_total",
                 status["kafka"]["delivered_records_total"]),
                ("process_open_fds", status["process"]["descriptors"])):
            self.assertEqual(scraped[name], expected, name)
        self.promtool("check", "metrics", text=get(self.url(agent)))
        self.promtool("check", "metrics", text=agent.ask("metrics").stdout)
        # Some have a sample only while something waits, so the moment must be the same.
        wait_for(lambda: self.names_of(agent.ask("metrics").stdout) ==
                 self.names_of(get(self.url(agent))), "the same metrics from both")

    @staticmethod
    def names_of(text):
        names = {re.sub("[{].*", "", name) for name in samples_of(text)}
        return {name for name in names if not name.startswith("exposer_")}

    @staticmethod
    def rfc3339(seconds):
        import datetime
        time = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}"

    def test_each_fault_makes_its_rule_true_and_its_end_makes_it_false(self):
        broker, agent = self.delivering()
        prometheus = Prometheus(self.scratch, agent.status()["metrics"]["listen"]).start()
        wait_for(lambda: prometheus.query("wattspool_instrument_up == 1"), "the first scrape")
        wait_for(lambda: not prometheus.alerts() - {"WattspoolUnhealthy"}, "no alert")
        true = lambda alert: wait_for(lambda: alert in prometheus.alerts(), f"{alert} is true")
        over = lambda alert: wait_for(lambda: alert not in prometheus.alerts(), f"{alert} is over")
        with self.subTest("frames are lost"):
            self.emulator.send(SERIAL, "lose 21 3")
            true("WattspoolDataLoss")
        with self.subTest("the instrument is unplugged"):
            self.emulator.process.kill()
            true("WattspoolInstrumentDown")
            self.emulator.socket.unlink(missing_ok=True)
            self.emulator.start()
            over("WattspoolInstrumentDown")
        with self.subTest("a person releases it"):
            agent.ask("release", f"js220/{SERIAL}")
            true("WattspoolInstrumentReleased")
            self.assertNotIn("WattspoolInstrumentDown", prometheus.alerts())
            agent.ask("claim", f"js220/{SERIAL}")
            over("WattspoolInstrumentReleased")
        with self.subTest("the broker is away"):
            broker.take_away()
            true("WattspoolBrokerUnreachable")
        self.check_dashboard(prometheus)
        with self.subTest("the broker is back"):
            broker.bring_back()
            over("WattspoolBrokerUnreachable")
        with self.subTest("the daemon hangs"):
            agent.hang()
            true("WattspoolDown")
            agent.resume()
            over("WattspoolDown")

    def check_dashboard(self, prometheus):
        """Also the rules: what they ask for exists, now that something is wrong."""
        wait_for(lambda: prometheus.query("wattspool_spool_oldest_unacked_timestamp_seconds"),
                 "a backlog")
        names = prometheus.metric_names()
        queries = [query.replace("$__rate_interval", "30s").replace("$instance", ".*")
                   for query in queries_of(DASHBOARD)]
        self.assertGreater(len(queries), 20)
        for query in queries + list(prometheus.rules().values()):
            self.assertLessEqual(set(NAME.findall(query)), names, query)
            prometheus.query(query)

    def test_a_full_spool_is_told_while_unsent_data_is_evicted(self):
        broker, agent = self.delivering(waveform="full", quota="32MiB", ring="1MiB")
        prometheus = Prometheus(self.scratch, agent.status()["metrics"]["listen"]).start()
        broker.take_away()
        wait_for(lambda: "WattspoolDataEvicted" in prometheus.alerts(),
                 f"unsent rows are evicted; log: {agent.process.log}", 120)
        [(_, rows)] = prometheus.query("wattspool_spool_evicted_unacked_rows_total")
        self.assertLessEqual(rows, agent.status()["spool"]["evicted_unacked_rows_total"])

    def test_a_port_that_is_taken_is_said_and_had_when_it_is_free(self):
        first = self.agent("first", instruments=[])
        address = first.status()["metrics"]["listen"]
        second = self.agent("second", metrics=address)
        [reason] = [reason for reason in second.status()["reasons"]
                    if reason["code"] == "metrics_not_served"]
        self.assertEqual((reason["severity"], reason["object"]), ("degraded", address))
        self.assertIn("Address already in use", reason["message"])
        self.assertIn("metrics are not served", second.process.text())
        self.assertIn(address, second.process.text())
        self.assertEqual(first.stop(), 0)
        second.wait_until(lambda status: status["metrics"]["error"] == "", "the port is had")
        wait_for(lambda: "wattspool_instrument_up" in get(self.url(second)), "its own metrics")
        self.assertEqual(second.stop(), 0)


if __name__ == "__main__":
    unittest.main()
