# SPDX-License-Identifier: Apache-2.0
"""Benches by Ansible: from nothing to delivering, upgraded behind a gate, retired without a loss.

Short: two hosts, one broker. With the argument `whole`: three, one of them a Debian 13, and three
brokers, and all that goes wrong.
"""

import json
import subprocess
import sys
import threading
import unittest

from harness.broker import SecuredBroker
from harness.fleet import Fleet
from harness.host import enter_own_network
from harness.process import wait_for
from harness.programs import program
from harness.scratch import Scratch

WHOLE = "whole" in sys.argv[1:]
ANSIBLE = next((word.partition("=")[2] for word in sys.argv[1:] if word.startswith("ansible=")),
               "/usr/bin")
FIRST_COMMIT_S = 60
REAL = "/usr/sbin/wattspoold.real"
CRASHES = "exit 1"
CANNOT_DELIVER = f'WATTSPOOL__KAFKA__BROKERS=localhost:9 exec {REAL} "$@"'
# Its main process ends, and another one keeps the spool open.
LEAKS_THE_SPOOL = f'{REAL} "$@" &\nsleep 4\nkill -9 $$'


def spoilt(script):
    """A change of the package: instead of the daemon this is started."""
    def change(folder):
        daemon = folder / "usr/sbin/wattspoold"
        daemon.rename(folder / REAL.lstrip("/"))
        daemon.write_text(f"#!/bin/sh\n{script}\n", "ascii")
        daemon.chmod(0o755)
    return change


def slow(stage):
    """A change of the package: dpkg waits in this script of it, as long as /root/slow is there."""
    def change(folder):
        path = folder / "DEBIAN" / stage
        text = path.read_text("utf-8") if path.exists() else "#!/bin/sh\nset -e\n"
        wait = "set -e\nwhile [ -e /root/slow ]; do sleep 0.1; done\n"
        path.write_text(text.replace("set -e\n", wait, 1), "utf-8")
        path.chmod(0o755)
    return change


class Fleets(unittest.TestCase):
    """One life of a fleet: each step stands on the one before."""

    def setUp(self):
        self.scratch = self.enterContext(Scratch("fleet"))
        suites = ["bookworm", "bookworm", "trixie"] if WHOLE else ["bookworm"] * 2
        self.broker = SecuredBroker(self.scratch, {"nobody": "secret"}, brokers=3 if WHOLE else 1)
        self.fleet = Fleet(self.scratch, self.broker, suites, ANSIBLE)
        self.benches = list(self.fleet.benches.values())
        self.fleet.start()

    def test_a_life(self):
        steps = [self.what_is_wrong_is_found_before_a_change, self.brokers_are_made_ready,
                 self.benches_come_from_nothing, self.again_changes_nothing, self.all_are_reported]
        if WHOLE:
            steps += [self.check_mode_tells_the_truth, self.an_upgrade_is_one_gap,
                      self.a_bad_release_stops_at_the_canary, self.a_power_cut_is_repaired,
                      self.credentials_are_replaced]
        steps += [self.a_bench_with_unsent_data_stays, self.all_retire_and_nothing_is_missing]
        for step in steps:
            print(f"... {step.__name__}", flush=True)
            step()

    def succeed(self, name, *words):
        play = self.fleet.play(name, *words)
        self.assertEqual(play.code, 0, play.text[-4000:])
        return play

    def fail_with(self, part, name, *words):
        play = self.fleet.play(name, *words)
        self.assertNotEqual(play.code, 0, play.text[-2000:])
        self.assertIn(part, " ".join(play.text.split()))
        return play

    def refused(self, part, variables=None, host_variables=None, words=()):
        """With these variables nothing is changed anywhere; afterwards they are as before."""
        first = self.benches[0].name
        before = dict(self.fleet.variables), {name: dict(words) for name, words in
                                              self.fleet.host_variables.items()}
        self.fleet.variables.update(variables or {})
        self.fleet.host_variables[first].update(host_variables or {})
        play = self.fail_with(part, "site", *words)
        self.assertEqual(play.changes(), set(), play.text[-2000:])
        self.fleet.variables, self.fleet.host_variables = before

    def what_is_wrong_is_found_before_a_change(self):
        second = self.benches[1].name
        self.refused("no such variable: wattspool_brokers", {"wattspool_brokers": ["x:1"]})
        if not WHOLE:
            return
        self.refused("value of wattspool_kafka_profile must be one of",
                     {"wattspool_kafka_profile": "tls"})
        self.refused(f"that of {self.benches[0].name} and {second}",
                     host_variables={"wattspool_agent_id": second})
        self.refused("vault_wattspool_kafka_key", host_variables={
            "wattspool_kafka_key": "{{ vault_wattspool_kafka_key }}"})
        self.refused("which needs wattspool_kafka_key", host_variables={"wattspool_kafka_key": ""})
        self.refused("set either wattspool_apt_repository", {"wattspool_package_file": "x.deb"})
        self.refused("There is no file absent.asc", {"wattspool_apt_key_file": "absent.asc"})
        host = self.benches[0].host
        host.run("mv", "/usr/bin/python3", "/usr/bin/python3.away")
        only = ("--limit", self.benches[0].name)
        self.refused("python3 is missing there", words=only)
        host.run("mv", "/usr/bin/python3.away", "/usr/bin/python3")
        # Its clock as seen through `date`: a host's own cannot be set here.
        host.write("/usr/local/bin/date", "#!/bin/sh\nexec /usr/bin/date -d '-1 hour' \"$@\"\n",
                   0o755)
        self.refused("behind the controller's", words=only)
        host.path("/usr/local/bin/date").unlink()
        self.refused_repositories()

    def refused_repositories(self):
        """Not signed, or for another release: nothing of it is left on the host."""
        folder = self.fleet.repository
        bench = self.benches[0]
        only = ("--limit", bench.name)
        source = "/etc/apt/sources.list.d/wattspool.list"
        for name in ("InRelease", "Release.gpg"):
            subprocess.run(["mv", folder / "bookworm" / name, self.scratch.path(name)], check=True)
        self.fail_with("cannot be used", "site", *only)
        for name in ("InRelease", "Release.gpg"):
            subprocess.run(["mv", self.scratch.path(name), folder / "bookworm" / name], check=True)
        self.fleet.publish("sid", self.scratch_package())
        self.fleet.variables["wattspool_apt_suite"] = "sid"
        self.fail_with("It is for sid, the host is bookworm", "site", *only)
        self.fleet.variables["wattspool_apt_suite"] = ""
        self.assertFalse(bench.host.path(source).exists())
        self.assertEqual(bench.version(), "")

    def scratch_package(self):
        (package,) = (self.fleet.repository / "bookworm").glob("*.deb")
        return package

    def brokers_are_made_ready(self):
        self.succeed("topics")
        self.assertEqual(self.succeed("topics").count("changed"), 0)

    def benches_come_from_nothing(self):
        predicted = self.succeed("site", "--check")
        for bench in self.benches:
            self.assertEqual(bench.version(), "")
        play = self.succeed("site")
        self.assertEqual(predicted.changes(), play.changes())
        for bench in self.benches:
            self.fleet.wait_delivering([bench.name])
            self.assertLessEqual(self.since_installation_s(bench), FIRST_COMMIT_S)
            status = bench.status()
            self.assertEqual(status["agent_id"], bench.name)
            self.assertEqual(status["instruments"][0]["state"], "streaming")
            self.assertEqual(bench.unit("UnitFileState"), "enabled")
            self.assertNotIn("PRIVATE KEY", bench.journal())

    def since_installation_s(self, bench):
        """Since dpkg began to unpack; the brokers have committed something of it by now."""
        log = bench.host.say("sh", "-c", "grep ' install wattspool' /var/log/dpkg.log | head -1")
        begin = bench.host.say("date", "+%s", "-d", " ".join(log.split()[:2]))
        seconds = int(bench.host.say("date", "+%s")) - int(begin)
        print(f"    {bench.name}: {seconds} s from its installation to an ack", flush=True)
        return seconds

    def again_changes_nothing(self):
        play = self.succeed("site")
        self.assertEqual(play.changes(), set())

    def all_are_reported(self):
        play = self.succeed("report")
        report = json.loads((self.fleet.folder / "wattspool-report.json").read_text("utf-8"))
        self.assertEqual([bench["bench"] for bench in report["benches"]], list(self.fleet.benches))
        for bench in report["benches"]:
            self.assertEqual(bench["status"]["agent_id"], bench["bench"])
            self.assertEqual((bench["site"], bench["class"]), ("lab-2", "thermal"))
            self.assertIn(f"{bench['bench']}  lab-2", play.text)

    def check_mode_tells_the_truth(self):
        """Of a change that a reload applies, and of one that needs a restart."""
        for settings, handler in (({"log.level": "debug"}, "Reload wattspoold"),
                                  ({"log.level": "info", "waveform.rate": "100Hz"},
                                   "Restart wattspoold")):
            first = self.benches[0]
            pid = first.unit("MainPID")
            self.fleet.host_variables[first.name]["wattspool_settings"].update(settings)
            predicted = self.succeed("site", "--check")
            self.assertEqual(predicted.changes(), {(first.name, "Write the configuration"),
                                                   (first.name, handler)})
            self.assertEqual(self.succeed("site").changes(), predicted.changes())
            self.assertEqual(first.unit("MainPID") == pid, handler.startswith("Reload"))
        self.fleet.host_variables[first.name]["wattspool_settings"]["spool.quota"] = "1 mile"
        self.fail_with("spool.quota", "site")
        del self.fleet.host_variables[first.name]["wattspool_settings"]["spool.quota"]
        self.assertEqual(self.succeed("site").changes(), set())

    def an_upgrade_is_one_gap(self):
        self.fleet.release("0.1.1")
        self.fleet.wait_delivering()
        predicted = self.succeed("upgrade", "--check")
        self.assertEqual({bench.version() for bench in self.benches}, {"ii 0.1.0"})
        self.assertLessEqual({(bench.name, "Install the version from the repository")
                              for bench in self.benches}, predicted.changes())
        starts = {bench: bench.starts() for bench in self.benches}
        self.succeed("upgrade")
        for bench in self.benches:
            self.assertEqual(bench.version(), "ii 0.1.1")
            self.assertEqual(bench.starts(), starts[bench] + 1)
            status = bench.instrument_status()
            length_s = status["values_lost_total"] / status["value_rate_hz"]
            print(f"    {bench.name}: a gap of {length_s:.3f} s", flush=True)
            # One Gap, told in each of the two lanes.
            self.assertEqual(status["gaps_by_reason"], {"restart": 2})
        self.assertEqual(self.succeed("upgrade").changes(), set())
        self.succeed("rollback", "-e", "wattspool_version=0.1.0")
        self.assertEqual({bench.version() for bench in self.benches}, {"ii 0.1.0"})
        self.succeed("upgrade")

    def a_bad_release_stops_at_the_canary(self):
        others = self.benches[1:]
        for number, script in enumerate((CRASHES, CANNOT_DELIVER, LEAKS_THE_SPOOL), 2):
            version = f"0.1.{number}"
            self.fleet.release(version, spoilt(script))
            pids = [bench.unit("MainPID") for bench in others]
            self.fleet.variables["wattspool_gate_timeout_s"] = 20
            play = self.fail_with("is back at 0.1.1 and healthy", "upgrade", "-e",
                                  f"wattspool_version={version}")
            self.fleet.variables["wattspool_gate_timeout_s"] = 60
            self.assertEqual({host for host, _ in play.changes()}, {self.benches[0].name})
            self.assertEqual([bench.unit("MainPID") for bench in others], pids)
            self.assertEqual({bench.version() for bench in self.benches}, {"ii 0.1.1"})
            self.fleet.wait_delivering()

    def a_power_cut_is_repaired(self):
        """While dpkg unpacks, and while it configures."""
        bench = self.benches[-1]
        for number, (stage, state) in enumerate((("preinst", "iH"), ("postinst", "iF")), 5):
            version = f"0.1.{number}"
            self.fleet.release(version, slow(stage))
            bench.host.write("/root/slow", "")
            words = ("--limit", bench.name, "-e", f"wattspool_version={version}")
            upgrade = threading.Thread(target=self.fleet.play, args=("upgrade", *words))
            upgrade.start()
            wait_for(lambda: bench.version().startswith(state), f"dpkg is in {stage}", 60, 0.1)
            bench.host.power_cut()
            upgrade.join()
            bench.host.path("/root/slow").unlink()
            bench.host.start()
            self.succeed("upgrade", *words)
            self.assertEqual(bench.version(), f"ii {version}")
            self.fleet.wait_delivering([bench.name])
        self.succeed("upgrade", "-e", f"wattspool_version={version}")

    def credentials_are_replaced(self):
        """The brokers get another authority, and take certificates of this one only."""
        authority = self.broker.renew_authority()
        wait_for(lambda: self.benches[0].unsent_rows() > 5, "data waits", 60, 0.5)
        self.fleet.variables["wattspool_kafka_ca"] = authority.crt.read_text("ascii")
        for bench in self.benches:
            self.fleet.host_variables[bench.name] = {
                **self.fleet.host_variables[bench.name], **self.fleet.certificate(bench.name)}
        before = [self.acquisition(bench) for bench in self.benches]
        play = self.succeed("site")
        self.assertEqual({task for _, task in play.changes()},
                         {"Write the secrets", "Write the certificates", "Reload wattspoold"})
        self.fleet.wait_delivering()
        self.assertEqual([self.acquisition(bench) for bench in self.benches], before)

    @staticmethod
    def acquisition(bench):
        """What a restart, or a gap, would change."""
        return bench.unit("MainPID"), bench.instrument_status()["gaps_by_reason"]

    def a_bench_with_unsent_data_stays(self):
        bench = self.benches[-1]
        self.fail_with("Say from which benches", "uninstall")
        self.broker.take_away_all()
        wait_for(lambda: bench.unsent_rows() > 5, "data waits", 60, 0.5)
        self.fleet.variables["wattspool_uninstall_drain_s"] = 4
        self.fail_with("batches are not sent", "uninstall", "--limit", bench.name)
        self.assertEqual(bench.unit("ActiveState"), "active")
        wait_for(lambda: bench.instrument_status()["state"] == "streaming", "it acquires", 30, 0.2)
        self.broker.bring_back_all()
        self.fleet.variables["wattspool_uninstall_drain_s"] = 120

    def all_retire_and_nothing_is_missing(self):
        self.fleet.wait_delivering()
        self.succeed("uninstall", "--limit", "benches")
        for bench in self.benches:
            self.assertEqual(bench.version()[:2], "rc")
            self.assertTrue(bench.host.path("/var/lib/wattspool/spool.db").exists())
        audit = subprocess.run(
            [program("wattspool"), "--config", "/dev/null", "audit", "--json", "--brokers",
             self.broker.bootstrap], capture_output=True, text=True, check=False)
        self.assertEqual(audit.returncode, 0, audit.stdout[-3000:] + audit.stderr)
        devices = json.loads(audit.stdout)["devices"]
        self.assertEqual(set(devices), {f"js220-{bench.serial}" for bench in self.benches})
        for name, device in devices.items():
            self.assertGreater(device["lanes"]["telemetry"]["ids_delivered"], 0, name)


if __name__ == "__main__":
    enter_own_network()
    unittest.main(argv=sys.argv[:1])
