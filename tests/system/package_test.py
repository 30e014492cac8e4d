# SPDX-License-Identifier: Apache-2.0
"""apt install on a booted Debian gives a running, hardened agent; remove keeps, purge deletes."""

import re
import unittest

from harness.bench import (INSTRUMENT, INSTRUMENTS, PASSWORD_FILE, SITE_FILE, SPOOL,
                           UNIT, Bench)
from harness.broker import RealBroker
from harness.host import enter_own_network
from harness.process import wait_for
from harness.records import read_topic
from harness.scratch import Scratch

FIRST_COMMIT_S = 20
EXPOSURE_MAX = 1.5


class Package(unittest.TestCase):
    """One life of a bench: each step stands on the one before."""

    def setUp(self):
        self.scratch = self.enterContext(Scratch("package"))
        self.broker = RealBroker(self.scratch)
        self.bench = Bench(self.scratch, self.broker)
        self.host = self.bench.host

    def test_a_life(self):
        for step in (self.install_starts_it, self.it_acquires_and_delivers, self.people_are_told,
                     self.who_may_not_read_secrets_is_told, self.a_report_holds_no_secret,
                     self.it_is_in_a_sandbox, self.a_reload_refuses_what_is_wrong,
                     self.a_removal_keeps, self.it_comes_back, self.everything_arrived_once,
                     self.a_purge_deletes):
            print(f"... {step.__name__}", flush=True)
            step()

    def install_starts_it(self):
        self.assertIn("Setting up wattspool", self.bench.install())
        for prop, value in (("ActiveState", "active"), ("Type", "notify"), ("User", "wattspool"),
                            ("UnitFileState", "enabled"), ("NRestarts", "0")):
            self.assertEqual(self.bench.unit(prop), value, prop)
        version = self.host.say("dpkg-query", "-W", "-f", "${Version}", "wattspool")
        version = version.partition("+deb")[0]
        for program in ("wattspool", "wattspoold"):
            self.assertIn(f"{program} {version} ", self.host.say(program, "--version"))
        self.assertIn("configuration is valid",
                      self.host.say("wattspoold", "--check-config"))

    def it_acquires_and_delivers(self):
        self.bench.start_instrument()
        wait_for(self.bench.rows, "the first record is committed", FIRST_COMMIT_S, 0.2)
        self.assertIn("bench.telemetry.v1", self.bench.create_topics())
        self.bench.wait_acked()
        records = read_topic(self.broker.bootstrap, "bench.telemetry.v1", count_max=1)
        self.assertIn("/agents/bench-07", {record.headers["ce_source"] for record in records})

    def people_are_told(self):
        wait_for(lambda: re.search(r"^1 instrument\b.*last ack", self.bench.unit("StatusText")),
                 "the unit's status tells of instrument and broker", 10, 0.2)
        self.assertRegex(self.host.say("systemctl", "status", UNIT), r"Status: \"1 instrument\b")
        self.assertIn(INSTRUMENT, self.host.say("wattspool"))
        stranger = self.host.run("wattspool", "check", check=False, properties=("User=nobody",))
        self.assertEqual(stranger.returncode, 3, stranger.stdout + stranger.stderr)
        member = self.host.run("wattspool", "check", check=False, properties=(
            "User=nobody", "SupplementaryGroups=wattspool"))
        self.assertIn(member.returncode, (0, 1), member.stdout + member.stderr)
        self.assertEqual(self.host.say("systemctl", "--failed", "--quiet"), "")

    def a_report_holds_no_secret(self):
        """With what journal, unit and host say; the password is the real one."""
        self.host.run("systemctl", "restart", UNIT)
        self.bench.wait_acked()
        said = self.host.say("wattspool", "report", "/root/report.tar.gz")
        self.assertNotIn("! unit.txt", said)
        self.assertNotIn("! journal.txt", said)
        self.assertEqual(self.host.say("stat", "-c", "%a %U", "/root/report.tar.gz"), "600 root")
        self.host.run("tar", "-C", "/root", "-xzf", "/root/report.tar.gz")
        texts = {path.name: path.read_text(encoding="utf-8")
                 for path in self.host.path("/root/report").iterdir()}
        for name, text in texts.items():
            self.assertNotRegex(text, r"\bright\b", name)
        for name, part in (("journal.txt", "wattspoold"), ("unit.txt", "ActiveState=active"),
                           ("status.json", INSTRUMENT), ("disk.txt", SPOOL),
                           ("config.toml", SITE_FILE), ("metrics.txt", "wattspool_build_info")):
            self.assertIn(part, texts[name], name)
        self.host.run("rm", "-r", "/root/report", "/root/report.tar.gz")

    def who_may_not_read_secrets_is_told(self):
        """A member of the group sees configuration and spool; the broker's secrets are root's."""
        member = ("User=nobody", "SupplementaryGroups=wattspool")
        self.host.path(SITE_FILE).chmod(0o644)
        shown = self.host.run("wattspool", "config", "show", properties=member)
        self.assertIn('kafka.security.password_file = "kafka_password"', shown.stdout)
        self.assertIn("/etc/wattspool/credentials belongs to root:root, mode 0700", shown.stderr)
        self.host.run("wattspool", "spool", "info", properties=member)
        refused = self.host.run("wattspool", "topics", "create", properties=member, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("use sudo", refused.stderr)

    def it_is_in_a_sandbox(self):
        said = self.host.say("systemd-analyze", "security", "--no-pager", UNIT)
        level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
        self.assertLessEqual(float(level.group(1)), EXPOSURE_MAX, said)
        proc = f"/proc/{self.bench.unit('MainPID')}"
        self.assertRegex(self.host.say("cat", f"{proc}/limits"), r"Max core file size +0 +0 ")
        process = self.host.say("cat", f"{proc}/status")
        for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1",
                     "Seccomp:\t2"):
            self.assertIn(line, process)
        # Neither secrets nor what was measured are for everybody.
        for path in (PASSWORD_FILE, SPOOL, "/etc/wattspool/credentials", "/var/lib/wattspool",
                     "/run/wattspool/control.sock"):
            mode = int(self.host.say("stat", "-c", "%a", path), 8)
            self.assertEqual(mode & 0o007, 0, f"{path}: {mode:o}")
        for words in (("wattspool", "config", "show", "--json"), ("ps", "axeww"),
                      ("journalctl", "--no-pager", "-u", UNIT)):
            self.assertNotRegex(self.host.say(*words), r"\bright\b", words)

    def a_reload_refuses_what_is_wrong(self):
        pid = self.bench.unit("MainPID")
        self.bench.configure(instruments=INSTRUMENTS + "memory.rung = '8MiB'\n")
        refused = self.host.run("systemctl", "reload", UNIT, check=False)
        self.assertNotEqual(refused.returncode, 0)
        wait_for(lambda: "memory.ring" in self.bench.journal(), "what was meant is named", 10, 0.2)
        self.assertEqual(self.bench.unit("ActiveState"), "active")
        self.bench.configure(more="log.level = 'debug'\n")
        self.host.run("systemctl", "reload", UNIT)
        wait_for(lambda: "configuration reloaded" in self.bench.journal(), "it is told", 10, 0.2)
        self.assertEqual(self.bench.unit("MainPID"), pid)

    def a_removal_keeps(self):
        self.broker.take_away()
        wait_for(lambda: self.bench.rows(what="unacked_rows") >= 5, "rows wait", 30, 0.2)
        said = self.host.say("apt-get", "remove", "-y", "-q", "wattspool")
        self.assertRegex(said, r"wattspool: [1-9]\d* batches \(\d+ bytes\) were not sent")
        for path in (SITE_FILE, SPOOL, PASSWORD_FILE, "/etc/wattspool/wattspool.toml"):
            self.assertTrue(self.host.path(path).exists(), path)
        self.assertFalse(self.host.path("/usr/sbin/wattspoold").exists())
        self.assertNotEqual(self.bench.unit("ActiveState"), "active")

    def it_comes_back(self):
        self.broker.bring_back()
        self.install_starts_it()
        self.bench.wait_acked()

    def everything_arrived_once(self):
        self.bench.drain()
        lanes = self.bench.audit()["devices"]["js220-000001"]["lanes"]
        self.assertGreater(lanes["telemetry"]["ids_delivered"], 0)

    def a_purge_deletes(self):
        files = [line for line in self.host.say("dpkg", "-L", "wattspool").splitlines()
                 if "wattspool" in line]
        self.assertGreater(len(files), 15)
        self.host.run("apt-get", "purge", "-y", "-q", "wattspool")
        for path in files + ["/var/lib/wattspool", "/etc/wattspool", "/run/wattspool"]:
            left = self.host.run("test", "-e", path, check=False).returncode == 0
            self.assertFalse(left, f"{path} is left")
        self.assertNotIn(UNIT, self.host.say("systemctl", "list-unit-files", check=False))


if __name__ == "__main__":
    enter_own_network()
    unittest.main()
