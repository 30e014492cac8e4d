# SPDX-License-Identifier: Apache-2.0
"""An installed bench and a broker with mutual TLS: the first record, rotation, a new authority."""

import json
import re
import time
import unittest

from harness.bench import AFTER_OUTAGE_S, INSTRUMENT, UNIT
from harness.broker import SecuredBroker
from harness.host import enter_own_network
from harness.mtls_bench import AGENT_ID, CA_FILE, CERTIFICATE_FILE, KEY_FILE, MtlsBench, \
    replace_broker_ca
from harness.process import NotInTime, wait_for
from harness.records import read_topic
from harness.scratch import Scratch

FIRST_RECORD_S = 20
RENEWED = "/run/wattspool/credentials"


class PackageMtls(unittest.TestCase):
    """One life of a bench: each step stands on the one before."""

    def setUp(self):
        self.scratch = self.enterContext(Scratch("mtls"))
        self.broker = SecuredBroker(self.scratch, {}, rights=False)
        self.bench = MtlsBench(self.scratch, self.broker)
        self.host = self.bench.host

    def test_a_life(self):
        self.bench.administrator(self.scratch, "topics", "create")
        for step in (self.the_first_record_is_there_in_time, self.people_are_told,
                     self.a_missing_key_is_named, self.a_certificate_and_key_are_replaced,
                     self.a_key_of_another_certificate_is_refused,
                     self.a_new_authority_is_put_there, self.a_restart_forgets_the_reload,
                     self.everything_arrived_once):
            print(f"... {step.__name__}", flush=True)
            step()

    def gaps(self):
        [instrument] = self.bench.status()["instruments"]
        return instrument["gaps_by_reason"]

    def the_first_record_is_there_in_time(self):
        """Counted from the start of apt-get; a foreign consumer has seen it, committed."""
        begin = time.monotonic()
        self.bench.install()
        installed_s = time.monotonic() - begin
        self.bench.start_instrument()
        records = wait_for(
            lambda: read_topic(self.broker.bootstrap, "bench.telemetry.v1", count_max=1),
            "the first record is committed at the broker", FIRST_RECORD_S, 0.1)
        took_s = time.monotonic() - begin
        print(f"    apt-get: {installed_s:.1f} s, the first record: {took_s:.1f} s", flush=True)
        self.assertLessEqual(took_s, FIRST_RECORD_S)
        self.assertIn(f"/agents/{AGENT_ID}", {one.headers["ce_source"] for one in records})

    def people_are_told(self):
        self.bench.wait_acked()
        wait_for(lambda: re.search(r"Status: \"1 instrument\b.*last ack",
                                   self.host.say("systemctl", "status", UNIT)),
                 "systemctl status tells of instrument and broker", 10, 0.2)
        said = self.host.say("wattspool")
        self.assertIn(INSTRUMENT, said)
        self.assertIn(f"delivering to {self.broker.tls}", said)
        code, reasons = self.bench.verdict()
        # A busy test machine may lose samples of an emulated instrument: that alone is excused.
        lost = reasons.pop("recent_gap", None)
        self.assertEqual(reasons, {})
        self.assertIn("usb_loss", lost["message"] if lost else "usb_loss")
        self.assertEqual(code, 1 if lost else 0)
        mode = self.host.say("stat", "-c", "%a %U", KEY_FILE)
        self.assertEqual(mode, "600 root")

    def a_missing_key_is_named(self):
        key = self.host.path(KEY_FILE)
        text = key.read_text(encoding="ascii")
        key.unlink()
        self.host.run("systemctl", "restart", UNIT, check=False)
        wait_for(lambda: self.bench.unit("ActiveState") == "failed", "it does not start", 30, 0.2)
        self.assertIn("kafka.security.key_file", self.bench.journal())
        self.assertEqual(self.bench.unit("ExecMainStatus"), "2")
        self.host.write(KEY_FILE, text + "\n", 0o600)  # an editor's last line
        self.host.run("systemctl", "start", UNIT)
        self.bench.wait_acked()

    def life(self):
        """What a restart, or anything that acquisition noticed, would change."""
        return (self.bench.unit("MainPID"), self.bench.status()["spool"]["stream"], self.gaps(),
                self.bench.unit("NRestarts"))

    def kafka(self, name):
        return self.bench.status()["kafka"][name]

    def a_certificate_and_key_are_replaced(self):
        """Twice: the second time the daemon has those of a reload already."""
        before = self.life()
        for name in ("renewed", "renewed again"):
            rebuilt = self.kafka("rebuilds_total")
            crt, key = self.broker.authority.issue(name, AGENT_ID)
            self.bench.put_certificate(crt, key)
            self.host.run("systemctl", "reload", UNIT)
            wait_for(lambda: self.kafka("rebuilds_total") == rebuilt + 1, "a new producer", 30, 0.1)
            self.wait_delivers("with the new certificate")
            self.assertEqual(self.host.say("cat", f"{RENEWED}/kafka_client.key"),
                             key.read_text("ascii").strip())
        self.host.run("systemctl", "reload", UNIT)  # of what is there: nothing is made
        self.wait_delivers("after a reload of the same")
        self.assertEqual(self.kafka("rebuilds_total"), rebuilt + 1)
        self.assertEqual(self.life(), before)
        for path, rights in ((RENEWED, "700 wattspool"),
                             (f"{RENEWED}/kafka_client.key", "600 wattspool")):
            self.assertEqual(self.host.say("stat", "-c", "%a %U", path), rights)
        nobody = self.host.run("cat", f"{RENEWED}/kafka_client.key", check=False,
                               properties=("User=nobody", "Group=wattspool"))
        self.assertIn("Permission denied", nobody.stderr)

    def wait_delivers(self, when):
        delivered = self.kafka("delivered_records_total")
        self.wait_told(lambda: self.kafka("delivered_records_total") > delivered,
                       f"it delivers {when}")

    def a_key_of_another_certificate_is_refused(self):
        """The old ones stay in use, and it is said."""
        before = self.life()
        crt, key = self.broker.authority.issue("mended", AGENT_ID)
        _, other = self.broker.authority.issue("another", AGENT_ID)
        self.bench.put_certificate(crt, other)
        self.host.run("systemctl", "reload", UNIT)
        said = wait_for(lambda: self.bench.verdict()[1].get("reload_refused"), "it is said",
                        30, 0.2)
        self.assertIn("key", said["message"])
        wait_for(lambda: "reload refused, kafka goes on as before" in self.bench.journal(),
                 "the log says so", 10, 0.2)
        self.wait_delivers("with those of before")
        self.bench.put_certificate(crt, key)
        self.host.run("systemctl", "reload", UNIT)
        wait_for(lambda: "reload_refused" not in self.bench.verdict()[1], "it is mended", 30, 0.2)
        self.wait_delivers("with the mended ones")
        self.assertEqual(self.life(), before)

    def wait_told(self, condition, what):
        """With what the daemon says when it does not come true."""
        try:
            wait_for(condition, what, AFTER_OUTAGE_S, 0.5)
        except NotInTime as late:
            kafka = json.dumps(self.bench.status()["kafka"], indent=1)
            raise NotInTime(f"{late}\n{kafka}\n{self.bench.journal()[-3000:]}") from None

    def a_new_authority_is_put_there(self):
        """Until its certificate is put there the broker is refused, and told why."""
        before = self.life()
        replace_broker_ca(self.broker)
        part = f"is not in kafka.security.ca_file ({CA_FILE})"
        self.wait_told(lambda: any(part in one["message"] + one["remedy"]
                                   for one in self.bench.verdict()[1].values()),
                       "the authority is what is wrong")
        self.assertEqual(self.bench.verdict()[0], 1)
        delivered = self.bench.status()["kafka"]["delivered_records_total"]
        wait_for(lambda: self.bench.rows(what="unacked_rows") >= 5, "rows wait", 30, 0.2)
        self.assertEqual(self.bench.status()["kafka"]["delivered_records_total"], delivered)
        self.bench.put_ca(self.broker.authority)
        delivers = lambda: self.bench.status()["kafka"]["delivered_records_total"] > delivered
        begin = time.monotonic()
        self.wait_told(delivers, "it delivers, without a reload")
        print(f"    unaided: {time.monotonic() - begin:.1f} s", flush=True)
        self.assertEqual(self.life(), before)
        self.bench.wait_well()

    def a_restart_forgets_the_reload(self):
        """What the service manager loads at a start is the truth."""
        self.host.run("systemctl", "restart", UNIT)
        self.bench.wait_acked()
        self.assertNotEqual(self.host.run("test", "-e", RENEWED, check=False).returncode, 0)
        self.assertEqual(self.gaps(), {"restart": 2})  # one of each lane

    def everything_arrived_once(self):
        self.bench.drain()
        lanes = self.bench.audit()["devices"]["js220-000001"]["lanes"]
        self.assertGreater(lanes["telemetry"]["ids_delivered"], 0)
        for text in (self.bench.journal(), self.host.say("cat", CERTIFICATE_FILE)):
            self.assertNotIn("PRIVATE KEY", text)


if __name__ == "__main__":
    enter_own_network()
    unittest.main()
