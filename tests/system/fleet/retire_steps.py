# SPDX-License-Identifier: Apache-2.0
"""How a bench goes, and how it comes back: with all that it had."""

import json
import os
import re
import shutil
import subprocess

from fleet.releases import SLOW, slow
from fleet.steps import Steps
from harness.bench import SPOOL, UNIT, unsent
from harness.process import wait_for
from harness.programs import ROOT, build_folder, program

ARCHIVE = "/root/bench.tar.gz"


class RetireSteps(Steps):

    def a_bench_with_unsent_data_stays(self):
        bench = self.benches[-1]
        self.fail_with("Say from which benches", "uninstall")
        self.broker.take_away_all()
        self.wait_unsent(bench)
        self.fleet.variables["wattspool_uninstall_drain_s"] = 4
        unknown = self.fail_with("no such variable: wattspool_uninstall_unsend", "uninstall",
                                 "--limit", bench.name, "-e", "wattspool_uninstall_unsend=keep")
        self.assertEqual(unknown.changes(), set())
        self.fail_with("batches are not sent", "uninstall", "--limit", bench.name)
        self.assertEqual(bench.unit("ActiveState"), "active")
        wait_for(lambda: bench.instrument_status()["state"] == "streaming", "it acquires", 30, 0.2)
        self.a_half_configured_one_is_judged_too(bench)
        self.broker.bring_back_all()
        self.fleet.variables["wattspool_uninstall_drain_s"] = 120

    def a_half_configured_one_is_judged_too(self, bench):
        """An upgrade was interrupted; a purge would delete what waits for the brokers."""
        halve = "/^Package: wattspool$/,/^$/s/ok installed$/ok half-configured/"
        bench.host.run("sed", "-i", halve, "/var/lib/dpkg/status")
        self.assertEqual(bench.version()[:2], "iF")
        self.fail_with("batches are not sent", "uninstall", "--limit", bench.name, "-e",
                       "wattspool_uninstall_purge=true")
        self.assertEqual(bench.version()[:2], "ii")
        self.assertGreater(self.rows_of_file(bench), 5)
        wait_for(lambda: bench.instrument_status()["state"] == "streaming", "it acquires", 30, 0.2)

    def a_bench_comes_back_with_what_it_kept(self):
        """Told to, it goes with unsent data; where it is taken in again, that is delivered."""
        bench = self.benches[-1]
        self.fleet.wait_delivering()
        self.broker.take_away_all()
        self.wait_unsent(bench)
        self.fleet.variables["wattspool_uninstall_drain_s"] = 4
        self.succeed("uninstall", "--limit", bench.name, "-e", "wattspool_uninstall_unsent=keep")
        self.fleet.variables["wattspool_uninstall_drain_s"] = 120
        self.assertEqual(bench.version()[:2], "rc")
        self.assertGreater(self.rows_of_file(bench), 5)
        # Without the program nobody can send it; a purge would delete it.
        purge = ("--limit", bench.name, "-e", "wattspool_uninstall_purge=true")
        self.fail_with(f"{SPOOL}: there is no program wattspool that could read it", "uninstall",
                       *purge)
        self.assertEqual(bench.version()[:2], "rc")
        self.assertGreater(self.rows_of_file(bench), 5)
        self.broker.bring_back_all()
        self.leave_half_an_installation(bench)
        self.succeed("site", "--limit", bench.name)
        self.fleet.wait_delivering()

    def leave_half_an_installation(self, bench):
        """Of somebody whose dpkg was killed before it had unpacked anything."""
        self.fleet.build("0.4.0", slow("preinst"))
        shutil.copy(self.fleet.package("0.4.0", bench.suite), bench.host.path("/root/half.deb"))
        bench.host.write(SLOW, "")
        bench.host.run("systemd-run", "--unit=half", "dpkg", "--install", "/root/half.deb")
        wait_for(lambda: bench.host.say("dpkg-query", "-W", "-f", "${db:Status-Abbrev}",
                                        "wattspool").startswith("iHR"), "dpkg is in preinst", 60)
        bench.host.run("systemctl", "kill", "--signal=KILL", "half")
        bench.host.path(SLOW).unlink()

    def of_file(self, bench, what):
        """What the spool's file says, where there is no program on the host to read it."""
        said = subprocess.run([program("wattspool"), "--config", "/dev/null", "spool", what,
                               "--json", "--path", bench.host.path(bench.spool)],
                              capture_output=True, text=True, check=True).stdout
        return json.loads(said)

    def rows_of_file(self, bench):
        return unsent(self.of_file(bench, "info"))

    def a_lost_disk_is_restored(self):
        """From the archive of packaging/README.md, taken while data waited for the brokers."""
        bench = self.benches[1]
        self.broker.take_away_all()
        self.wait_unsent(bench)
        bench.host.run("systemctl", "disable", "--now", UNIT)
        bench.host.run("tar", "-C", "/", "-czf", ARCHIVE, "etc/wattspool", "var/lib/wattspool")
        waiting = bench.unsent_rows()
        kept = self.scratch.path("bench.tar.gz")
        shutil.copy(bench.host.path(ARCHIVE), kept)
        bench.get_new_disk()
        shutil.copy(kept, bench.host.path(ARCHIVE))
        bench.start()
        # Its users have other numbers than on the old disk.
        bench.host.run("useradd", "--system", "somebody")
        bench.host.run("tar", "-C", "/", "-xzf", ARCHIVE)
        self.assertEqual(bench.version(), "")
        self.assertEqual(self.rows_of_file(bench), waiting)
        self.broker.bring_back_all()
        self.succeed("site", "--limit", bench.name)
        self.assertEqual(self.succeed("site", "--limit", bench.name).changes(), set())
        self.fleet.wait_delivering([bench.name])
        wait_for(lambda: bench.unsent_rows() < waiting, "what waited is delivered", 60, 0.5)
        # What was not measured between archive and start has a name, in each of the two lanes.
        self.assertEqual(bench.instrument_status()["gaps_by_reason"], {"restart": 2})
        self.assertEqual(bench.status()["spool"]["set_aside"], "")
        self.fleet.wait_delivering()

    def all_retire_and_nothing_is_missing(self):
        self.fleet.wait_delivering()
        predicted = self.succeed("uninstall", "--limit", "benches", "--check")
        self.fleet.wait_delivering()
        play = self.succeed("uninstall", "--limit", "benches")
        self.assertEqual(play.changes(), predicted.changes())
        for bench in self.benches:
            self.assertEqual(bench.version()[:2], "rc")
            # The agent's word that it stops comes when nothing is sent any more.
            left = [(row["lane"], row["records"]) for row in self.of_file(bench, "list")["rows"]
                    if not row["acked"]]
            self.assertLessEqual(left, [("event", 1)])
            self.assertEqual(self.rows_of_file(bench), len(left))
        audit = subprocess.run(
            [program("wattspool"), "--config", "/dev/null", "audit", "--json", "--brokers",
             self.broker.bootstrap], capture_output=True, text=True, check=False)
        self.scratch.path("audit.json").write_text(audit.stdout, "utf-8")
        self.assertEqual(audit.returncode, 0, f"{audit.stdout[-1000:]}{audit.stderr}")
        report = json.loads(audit.stdout)
        print(f"    gaps: {report['gap_events']}, streams: {report['streams']['count']}",
              flush=True)
        self.assertEqual(report["streams"]["records_duplicated"], 0)
        devices = report["devices"]
        self.assertEqual(set(devices), {f"js220-{bench.serial}" for bench in self.benches})
        for name, device in devices.items():
            self.assertGreater(device["lanes"]["telemetry"]["ids_delivered"], 0, name)
            self.assertEqual(device["lanes"]["telemetry"]["ids_missing"], 0, name)
        self.rights_are_taken_away()
        self.succeed("uninstall", "--limit", "benches", "-e", "wattspool_uninstall_purge=true",
                     "-e", "wattspool_uninstall_unsent=discard")
        for bench in self.benches:
            self.assertEqual(bench.version(), "")
            for path in (SPOOL, "/etc/wattspool"):
                self.assertFalse(bench.host.path(path).exists(), path)

    def rights_are_taken_away(self):
        """Of one bench, by the command of ansible/README.md."""
        text = (ROOT / "ansible/README.md").read_text("utf-8")
        command = re.search(r"^  (WATTSPOOL__AGENT__ID=bench-04 .*\n.*)$", text, re.M).group(1)
        name = self.benches[0].name
        command = command.replace("bench-04", name).replace("kafka1.example.org:9092",
                                                            self.broker.bootstrap)
        path = f"{build_folder()}:{self.fleet.folder}:{os.environ['PATH']}"
        subprocess.run(["sh", "-ec", command], check=True, capture_output=True,
                       env={**os.environ, "PATH": path})
        listed = subprocess.run([self.fleet.acl_command, "--bootstrap-server",
                                 self.broker.bootstrap, "--list"], check=True, capture_output=True,
                                text=True).stdout
        self.assertNotIn(f"User:{name},", listed)
        self.assertIn(f"User:{self.benches[1].name},", listed)
