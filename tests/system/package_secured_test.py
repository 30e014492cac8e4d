# SPDX-License-Identifier: Apache-2.0
"""An installed bench, Kafka 4 over TLS: mutual TLS, PLAIN, SCRAM with its release's library."""

import json
import unittest

from harness.bench import PASSWORD_FILE, UNIT
from harness.broker import SecuredBroker
from harness.host import enter_own_network
from harness.mtls_bench import AGENT_ID, CA_FILE, MtlsBench
from harness.process import wait_for
from harness.scratch import Scratch

USER_SITE = f"""\
agent.id = "{AGENT_ID}"
usb.discover = "off"

[kafka]
brokers = ["{{broker}}"]
profile = "{{profile}}"
[kafka.security]
ca_file = "{CA_FILE}"
username = "bench"
password_file = "kafka_password"
"""
WAYS_OUT = ('kafka.profile = "mtls"', 'kafka.profile = "plain"', "librdkafka 2.6.1 or newer")


class PackageSecured(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch("package-secured"))
        self.broker = SecuredBroker(self.scratch, {"bench": "right"}, rights=False)
        self.assertGreaterEqual(int(self.broker.version.split(".")[0]), 4)
        self.bench = MtlsBench(self.scratch, self.broker)
        self.host = self.bench.host

    def use(self, profile):
        """From now on a user of the brokers, no certificate."""
        self.bench.site = USER_SITE.format(broker=self.broker.sasl, profile=profile)
        self.bench.configure()
        self.host.run("systemctl", "restart", UNIT)

    def reasons(self):
        answer = self.host.run("wattspool", "check", "--json", check=False)
        return answer.returncode, json.loads(answer.stdout)["reasons"]

    def wait_held(self):
        """Until check is degraded because the brokers refuse us; what is to be done."""
        def look():
            code, reasons = self.reasons()
            held = [one for one in reasons if one["code"] == "forwarder_held"]
            return code == 1 and held
        reason = wait_for(look, "the refusal is told", poll_s=0.2)[0]
        return f"{reason['message']} {reason['remedy']}"

    def test_each_way_in(self):
        for step in (self.mutual_tls, self.plain, self.a_password_is_replaced, self.scram,
                     self.everything_arrived_once):
            print(f"... {step.__name__}", flush=True)
            step()

    def mutual_tls(self):
        self.bench.install()
        self.bench.start_instrument()
        self.bench.create_topics()
        self.bench.wait_acked()

    def plain(self):
        self.host.write(PASSWORD_FILE, "right\n", 0o600)
        self.use("plain")
        self.bench.wait_acked()

    def a_password_is_replaced(self):
        """A wrong one is held, the right one is found; the daemon never stops."""
        pid, gaps = self.bench.unit("MainPID"), self.gaps()
        self.host.write(PASSWORD_FILE, "wrong\n", 0o600)
        self.host.run("systemctl", "reload", UNIT)
        self.assertIn("systemctl reload wattspoold", self.wait_held())
        self.host.write(PASSWORD_FILE, "right\n", 0o600)
        self.host.run("systemctl", "reload", UNIT)
        self.bench.wait_acked()
        self.assertEqual((self.bench.unit("MainPID"), self.gaps()), (pid, gaps))
        for said in (self.bench.journal(), self.host.say("wattspool", "status", "--json")):
            self.assertNotRegex(said, r"\bright\b")

    def gaps(self):
        [instrument] = self.bench.status()["instruments"]
        return instrument["gaps_by_reason"]

    def scram(self):
        version = json.loads(self.host.say("wattspool", "version", "--json"))
        library = version["libraries"]["librdkafka"]
        print(f"librdkafka {library}, Kafka {self.broker.version}", flush=True)
        mended = [int(part) for part in library.split(".")] >= [2, 6, 1]
        self.host.write(PASSWORD_FILE, "wrong\n", 0o600)
        self.use("scram")
        said = self.wait_held()
        self.assertIn("check kafka.security.username (bench)", said)
        self.host.write(PASSWORD_FILE, "right\n", 0o600)
        self.use("scram")
        if mended:
            for way in WAYS_OUT:
                self.assertNotIn(way, said)
            self.bench.wait_acked()
        else:  # the library of Debian 12: no password is right
            said = self.wait_held()
            for way in WAYS_OUT:
                self.assertIn(way, said)
            self.use("plain")  # one of them
            self.bench.wait_acked()

    def everything_arrived_once(self):
        self.bench.drain()
        lanes = self.bench.audit()["devices"]["js220-000001"]["lanes"]
        self.assertGreater(lanes["telemetry"]["ids_delivered"], 0)


if __name__ == "__main__":
    enter_own_network()
    unittest.main()
