# SPDX-License-Identifier: Apache-2.0
"""An installed bench: rebooted, cut off, hung, configured wrongly, upgraded, set back, moved."""

import datetime
import json
import socket
import unittest

from harness.bench import SPOOL, UNIT, Bench, repacked
from harness.broker import RealBroker
from harness.host import enter_own_network
from harness.process import wait_for
from harness.scratch import Scratch

WATCHDOG_S = 30
METRICS = ("127.0.0.1", 19220)
# From the start of the daemon by a host that boots to its first sample.
FIRST_SAMPLE_S = 1


class PackageFaults(unittest.TestCase):
    """One bench; each step ends with a bench that is well, and the last one proves the sum."""

    def setUp(self):
        self.scratch = self.enterContext(Scratch("faults"))
        self.broker = RealBroker(self.scratch)
        self.bench = Bench(self.scratch, self.broker)
        self.host = self.bench.host

    def test_a_hard_life(self):
        # The folder was made by somebody else, such as a restored backup.
        self.host.run("mkdir", "-p", "/var/lib/wattspool")
        self.bench.install()
        self.bench.plug_in()
        self.bench.create_topics()
        self.bench.wait_acked()
        for step in (self.a_restored_spool_of_root_is_taken_over, self.it_is_back_after_a_reboot,
                     self.it_is_back_after_a_kill_of_the_host, self.a_hang_ends_in_a_restart,
                     self.a_wrong_configuration_fails_once, self.the_environment_counts,
                     self.a_taken_port_of_metrics_is_said,
                     self.upgrade_and_downgrade_restart_it_once, self.it_moves_with_its_spool,
                     self.everything_is_accounted_for):
            print(f"... {step.__name__}", flush=True)
            step()

    def a_restored_spool_of_root_is_taken_over(self):
        self.host.run("systemctl", "stop", UNIT)
        self.host.run("chown", "-R", "root:", "/var/lib/wattspool")
        self.host.run("systemctl", "start", UNIT)
        self.assertEqual(self.host.say("stat", "-c", "%U", SPOOL), "wattspool")
        self.bench.wait_acked()

    def it_is_back_after_a_reboot(self):
        """It measures within a second of its start. No broker is there, nor any other network."""
        self.broker.take_away()
        self.host.shut_down()
        self.host.start()
        networks = self.host.say("sed", "-n", "s/: .*//p", "/proc/net/dev").split()
        self.assertEqual(networks, ["lo"])
        started = datetime.datetime.strptime(self.host.say(
            "systemctl", "show", "--value", "--timestamp=us+utc", "-p", "ExecMainStartTimestamp",
            UNIT), "%a %Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=datetime.timezone.utc)
        took_s = (self.first_sample_after(started) - started).total_seconds()
        print(f"    the first sample: {took_s:.3f} s after its start", flush=True)
        self.assertLessEqual(took_s, FIRST_SAMPLE_S)
        self.broker.bring_back()
        self.bench.wait_acked()

    def first_sample_after(self, moment):
        """Its time, once it is on disk: of the first row of telemetry, which begins with it."""
        def look():
            rows = json.loads(self.host.say("wattspool", "spool", "list", "--lane", "telemetry",
                                            "--rows", "0", "--json"))["rows"]
            times = [datetime.datetime.fromisoformat(row["first"]) for row in rows]
            return next((one for one in times if one >= moment), None)
        return wait_for(look, "it measures", 30, 0.2)

    def it_is_back_after_a_kill_of_the_host(self):
        self.host.kill()
        self.host.start()
        self.bench.wait_acked()

    def a_hang_ends_in_a_restart(self):
        before = self.bench.unit("MainPID")
        self.host.run("kill", "-STOP", before)
        wait_for(lambda: self.bench.unit("MainPID") not in (before, "0"),
                 "the watchdog has ended it, another one runs", WATCHDOG_S + 30, 0.5)
        self.assertEqual(self.bench.unit("NRestarts"), "1")
        self.bench.wait_acked()

    def a_wrong_configuration_fails_once(self):
        self.bench.configure(more="spool.qouta = '1GiB'\n")
        self.host.run("systemctl", "restart", UNIT, check=False)
        wait_for(lambda: self.bench.unit("ActiveState") == "failed", "the unit has failed", 30, 0.2)
        self.assertIn("spool.quota", self.bench.journal())  # what was meant
        self.assertEqual(self.bench.unit("ExecMainStatus"), "2")
        self.bench.configure()
        self.host.run("systemctl", "restart", UNIT)
        self.bench.wait_acked()

    def the_environment_counts(self):
        self.host.write("/etc/default/wattspoold", "WATTSPOOL__LOG__LEVEL=debug\n")
        self.host.run("systemctl", "restart", UNIT)
        pid = self.bench.unit("MainPID")
        self.assertIn("WATTSPOOL__LOG__LEVEL=debug",
                      self.host.say("cat", f"/proc/{pid}/environ").split("\0"))
        self.host.run("rm", "/etc/default/wattspoold")
        self.host.run("systemctl", "restart", UNIT)
        self.bench.wait_acked()

    def a_taken_port_of_metrics_is_said(self):
        self.host.run("systemctl", "stop", UNIT)
        with socket.create_server(METRICS):  # all share one network
            self.host.run("systemctl", "start", UNIT)
            wait_for(lambda: "metrics_not_served" in self.bench.verdict()[1], "it is said", 30, 0.5)
            self.assertIn(self.bench.verdict()[0], (1, 2))
            before = self.bench.spool()["lanes"]["telemetry"]["records"]
            wait_for(lambda: self.bench.spool()["lanes"]["telemetry"]["records"] > before,
                     "it acquires all the same", 30, 0.5)
        self.bench.wait_acked()  # the port is taken over when it is free

    def upgrade_and_downgrade_restart_it_once(self):
        """The newer package differs in its version only; a site's settings raise no question."""
        repacked(self.host.package, self.scratch.path("newer"), self.host.path("/root/newer.deb"),
                 "99.0")
        for package, version in (("/root/newer.deb", "99.0"),
                                 (f"/packages/{self.host.package.name}", None)):
            before = self.bench.unit("MainPID")
            self.host.run("apt-get", "install", "-y", "-q", "--allow-downgrades", package)
            now = self.host.say("dpkg-query", "-W", "-f", "${Version}", "wattspool")
            self.assertEqual(now == "99.0", version == "99.0")
            self.assertEqual(self.bench.unit("ActiveState"), "active")
            self.assertNotIn(self.bench.unit("MainPID"), (before, "0"))
            self.bench.wait_acked()

    def it_moves_with_its_spool(self):
        """The steps of packaging/README.md; the new host is the old one after a purge."""
        self.broker.take_away()
        wait_for(lambda: self.bench.rows(what="unacked_rows") >= 5, "rows wait", 30, 0.2)
        self.host.run("systemctl", "disable", "--now", UNIT)
        self.host.run("tar", "-C", "/", "-czf", "/root/bench.tar.gz", "etc/wattspool",
                      "var/lib/wattspool")
        self.host.run("apt-get", "purge", "-y", "-q", "wattspool")
        self.bench.install()
        self.host.run("systemctl", "stop", UNIT)
        self.host.run("rm", "-rf", "/var/lib/wattspool")
        self.host.run("tar", "-C", "/", "-xzf", "/root/bench.tar.gz")
        self.host.run("chown", "-R", "wattspool:", "/var/lib/wattspool")
        self.host.run("systemctl", "start", UNIT)
        self.broker.bring_back()
        self.bench.wait_acked()

    def everything_is_accounted_for(self):
        self.bench.drain()
        self.bench.audit()


if __name__ == "__main__":
    enter_own_network()
    unittest.main()
