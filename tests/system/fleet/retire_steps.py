# SPDX-License-Identifier: Apache-2.0
"""How a bench goes, and how it comes back: with all that it had."""

import json
import shutil
import subprocess

from fleet.steps import Steps
from harness.bench import SPOOL, UNIT
from harness.process import wait_for
from harness.programs import program

ARCHIVE = "/root/bench.tar.gz"


class RetireSteps(Steps):

    def wait_unsent(self, bench):
        wait_for(lambda: bench.unsent_rows() > 5, "data waits", 60, 0.5)

    def a_bench_with_unsent_data_stays(self):
        bench = self.benches[-1]
        self.fail_with("Say from which benches", "uninstall")
        self.broker.take_away_all()
        self.wait_unsent(bench)
        self.fleet.variables["wattspool_uninstall_drain_s"] = 4
        self.fail_with("batches are not sent", "uninstall", "--limit", bench.name)
        self.assertEqual(bench.unit("ActiveState"), "active")
        wait_for(lambda: bench.instrument_status()["state"] == "streaming", "it acquires", 30, 0.2)
        self.broker.bring_back_all()
        self.fleet.variables["wattspool_uninstall_drain_s"] = 120

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
        self.broker.bring_back_all()
        self.succeed("site", "--limit", bench.name)
        self.fleet.wait_delivering()

    def rows_of_file(self, bench):
        """Unsent ones, where there is no program on the host to count them."""
        said = subprocess.run([program("wattspool"), "--config", "/dev/null", "spool", "info",
                               "--json", "--path", bench.host.path(SPOOL)],
                              capture_output=True, text=True, check=True).stdout
        return sum(lane["unacked_rows"] for lane in json.loads(said)["lanes"].values())

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
        self.succeed("uninstall", "--limit", "benches")
        for bench in self.benches:
            self.assertEqual(bench.version()[:2], "rc")
            self.assertTrue(bench.host.path(SPOOL).exists())
        audit = subprocess.run(
            [program("wattspool"), "--config", "/dev/null", "audit", "--json", "--brokers",
             self.broker.bootstrap], capture_output=True, text=True, check=False)
        self.assertEqual(audit.returncode, 0, audit.stdout[-3000:] + audit.stderr)
        report = json.loads(audit.stdout)
        print(f"    gaps: {report['gap_events']}, streams: {report['streams']['count']}",
              flush=True)
        self.assertEqual(report["streams"]["records_duplicated"], 0)
        devices = report["devices"]
        self.assertEqual(set(devices), {f"js220-{bench.serial}" for bench in self.benches})
        for name, device in devices.items():
            self.assertGreater(device["lanes"]["telemetry"]["ids_delivered"], 0, name)
            self.assertEqual(device["lanes"]["telemetry"]["ids_missing"], 0, name)
