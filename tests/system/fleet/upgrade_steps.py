# SPDX-License-Identifier: Apache-2.0
"""Other versions: behind the gate, stopped by it, repaired after what a lab has in store."""

import threading

from fleet.releases import (CANNOT_DELIVER, CRASHES, LEAKS_THE_SPOOL, LETS_LIVE, REAL_NAME,
                            SCHEMA, SLOW, slow, spoilt, with_schema)
from fleet.steps import NOTE, Steps
from harness.bench import UNIT
from harness.host import package_file
from harness.process import wait_for

NEWER_SCHEMA = SCHEMA + 1
# On the network of the test, and nobody's.
NOBODY = "10.77.0.99"


class UpgradeSteps(Steps):

    def an_upgrade_is_one_gap(self):
        """One of the benches has its package by a file, the others by the repository."""
        by_file = self.benches[1]
        self.fleet.release("0.1.1", slow("postinst"))
        self.fleet.install_by_file(by_file, self.fleet.package("0.1.1", by_file.suite))
        self.fleet.wait_delivering()
        predicted = self.succeed("upgrade", "--check")
        self.assertEqual(set(self.versions()), {"ii 0.1.0"})
        starts = {bench: bench.starts() for bench in self.benches}
        play = self.upgrade_with_a_release_meanwhile("0.1.1.1")
        self.assertEqual(predicted.changes(), play.changes())
        for bench in self.benches:
            self.assertEqual(bench.version(), "ii 0.1.1")
            self.assertEqual(bench.starts(), starts[bench] + 1)
            status = bench.instrument_status()
            length_s = status["values_lost_total"] / status["value_rate_hz"]
            print(f"    {bench.name}: a gap of {length_s:.3f} s", flush=True)
            # One Gap, told in each of the two lanes.
            self.assertEqual(status["gaps_by_reason"], {"restart": 2}, bench.journal()[-3000:])
        self.assertEqual(self.succeed("upgrade").changes(), set())
        back = "-e", "wattspool_version=0.1.0"
        self.fail_with("wattspool_0.1.1_amd64.deb, which has the version 0.1.1; wattspool_version "
                       "says 0.1.0", "rollback", *back)
        self.assertEqual(set(self.versions()), {"ii 0.1.1"})
        self.fleet.install_by_file(by_file, package_file(by_file.suite))
        self.succeed("rollback", *back)
        self.assertEqual(set(self.versions()), {"ii 0.1.0"})
        self.fleet.install_by_file(by_file, None)
        self.succeed("upgrade")

    def upgrade_with_a_release_meanwhile(self, later):
        """A package is published while the first bench is at work: the wave does not take it."""
        first = self.benches[0]
        self.fleet.build(later, spoilt(CRASHES))
        first.host.write(SLOW, "")
        with self.playing("upgrade") as play:
            try:
                wait_for(lambda: first.version().startswith("iF"), "dpkg is in postinst", 300, 0.1)
                self.fleet.offer(later)
            finally:
                first.host.path(SLOW).unlink()
        self.fleet.withdraw(later)
        self.assertEqual(play.result().code, 0, play.result().text[-4000:])
        return play.result()

    def a_bad_release_stops_at_the_canary(self):
        others = self.benches[1:]
        versions = self.versions()
        (before,) = {version.split()[1] for version in versions}
        # Of an upgrade that somebody has completed by hand: the bench is healthy.
        self.benches[0].host.write(NOTE, "0.1.0\n")
        for number, change in enumerate((spoilt(CRASHES), spoilt(CANNOT_DELIVER),
                                         spoilt(LEAKS_THE_SPOOL, LETS_LIVE)), 2):
            version = f"0.1.{number}"
            self.fleet.release(version, change)
            pids = [bench.unit("MainPID") for bench in others]
            self.fleet.variables["wattspool_gate_timeout_s"] = 20
            play = self.fail_with(f"is back at {before} and healthy", "upgrade", "-e",
                                  f"wattspool_version={version}")
            self.fleet.variables["wattspool_gate_timeout_s"] = 60
            self.assertEqual({host for host, _ in play.changes()}, {self.benches[0].name})
            self.assertEqual([bench.unit("MainPID") for bench in others], pids)
            self.assertEqual(self.versions(), versions)
            self.fleet.wait_delivering()
        self.nothing_is_left_of_the_leak(self.benches[0])

    def nothing_is_left_of_the_leak(self, bench):
        """It has held the spool, and ended with the way back: by the unit of the older version."""
        self.assertRegex(bench.journal(), r"lock spool \S+: process \d+ has it; stop it first")
        self.assertIn("left-over process", bench.host.say(
            "journalctl", "--no-pager", "-o", "cat", "-u", UNIT, "_PID=1"))
        self.assertEqual(bench.host.say("pgrep", "-x", REAL_NAME, check=False), "")

    def a_killed_host_is_repaired(self):
        """All of it at once, while dpkg unpacks, and while it configures and data waits."""
        bench = self.benches[-1]
        for number, (stage, state) in enumerate((("preinst", "iH"), ("postinst", "iF")), 5):
            version = f"0.1.{number}"
            self.fleet.release(version, slow(stage))
            bench.host.write(SLOW, "")
            words = ("--limit", bench.name, "-e", f"wattspool_version={version}")
            with self.playing("upgrade", *words):
                wait_for(lambda: bench.version().startswith(state), f"dpkg is in {stage}", 60, 0.1)
                waiting = self.let_data_wait(bench) if stage == "postinst" else 0
                bench.host.kill()
            bench.host.path(SLOW).unlink()
            bench.host.start()
            if waiting:
                self.assertGreaterEqual(bench.unsent_rows(), waiting)
                self.broker.bring_back_all()
            self.succeed("upgrade", *words)
            self.assertEqual(bench.version(), f"ii {version}")
            self.fleet.wait_delivering([bench.name])
        wait_for(lambda: bench.unsent_rows() < waiting, "what waited is delivered", 60, 0.5)
        self.succeed("upgrade", "-e", f"wattspool_version={version}")

    def let_data_wait(self, bench):
        """How many rows there are before the brokers come back; the audit will look for them."""
        self.broker.take_away_all()
        self.wait_unsent(bench)
        return bench.unsent_rows()

    def an_unreachable_bench_stops_the_wave(self):
        """The other one of its batch finishes; those of later batches stay as they are."""
        version = "0.2.2"
        self.fleet.release(version, slow("postinst"))
        first, second, third = self.benches
        before = third.version(), third.unit("MainPID")
        inventory = dict(self.fleet.host_variables)
        # A quarter of eight is two: the second and this one.
        names = [first.name, second.name, "bench-11", third.name,
                 *(f"bench-{number}" for number in range(12, 16))]
        self.fleet.host_variables = {
            name: inventory.get(name, {**inventory[first.name], "ansible_host": NOBODY})
            for name in names}
        play = self.fail_with("The wave stops. Not finished: bench-11. Done and healthy: "
                              f"{first.name}, {second.name}. Not touched: {', '.join(names[3:])}.",
                              "upgrade", "-e", f"wattspool_version={version}")
        self.fleet.host_variables = inventory
        self.assertEqual(play.recap["bench-11"]["unreachable"], 1)
        self.assertEqual(self.versions()[:2], [f"ii {version}"] * 2)
        self.assertEqual((third.version(), third.unit("MainPID")), before)
        self.fleet.wait_delivering()

    def a_bench_that_falls_silent_is_completed(self):
        """Its cable is pulled while dpkg configures, which goes on; so does it at the next run."""
        version = "0.2.3"
        words = ("-e", f"wattspool_version={version}")
        self.fleet.release(version, slow("postinst"))
        *others, bench = self.benches
        bench.host.write(SLOW, "")
        with self.playing("upgrade", *words) as play:
            wait_for(lambda: bench.version().startswith("iF"), "dpkg is in postinst", 300, 0.1)
            bench.pull_cable()
        self.assertNotEqual(play.result().code, 0)
        self.assertEqual(play.result().recap[bench.name]["unreachable"], 1)
        self.assertEqual([other.version() for other in others], [f"ii {version}"] * len(others))
        self.fleet.wait_delivering([other.name for other in others])
        self.those_that_say_nothing_are_reported(bench)
        bench.plug_cable()
        goes_on = threading.Timer(10, bench.host.path(SLOW).unlink)
        goes_on.start()
        self.succeed("upgrade", *words)
        goes_on.join()
        self.assertEqual(bench.version(), f"ii {version}")
        self.fleet.wait_delivering()

    def a_newer_schema_is_not_taken_back(self):
        """A release has changed the spool's file: the one before refuses it and is not kept."""
        (before,) = {version.split()[1] for version in self.versions()}
        self.fleet.release("0.3.0", with_schema(NEWER_SCHEMA))
        self.succeed("upgrade", "-e", "wattspool_version=0.3.0")
        pids = [bench.unit("MainPID") for bench in self.benches[1:]]
        play = self.fail_with("is back at 0.3.0 and healthy", "rollback", "-e",
                              f"wattspool_version={before}")
        self.assertIn(f"the file has schema {NEWER_SCHEMA}, this program knows {SCHEMA}; install "
                      "the newer wattspool again, or move the file away", play.text)
        self.assertEqual(set(self.versions()), {"ii 0.3.0"})
        self.assertEqual([bench.unit("MainPID") for bench in self.benches[1:]], pids)
        self.fleet.wait_delivering()
        spool = self.benches[0].status()["spool"]
        self.assertEqual((spool["set_aside"], spool["evicted_unacked_rows_total"]), ("", 0))
        # The way back is a release that knows both.
        self.fleet.release("0.3.1", with_schema(SCHEMA))
        self.succeed("upgrade", "-e", "wattspool_version=0.3.1")
