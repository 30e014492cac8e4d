# SPDX-License-Identifier: Apache-2.0
"""Other versions: behind the gate, stopped by it, repaired after what a lab has in store."""

import threading

from fleet.releases import (CANNOT_DELIVER, CRASHES, LEAKS_THE_SPOOL, SCHEMA, slow, spoilt,
                            with_schema)
from fleet.steps import Steps
from harness.process import wait_for

NEWER_SCHEMA = SCHEMA + 1
# On the network of the test, and nobody's.
NOBODY = "10.77.0.99"
SLOW = "/root/slow"


class UpgradeSteps(Steps):

    def an_upgrade_is_one_gap(self):
        self.fleet.release("0.1.1")
        self.fleet.wait_delivering()
        predicted = self.succeed("upgrade", "--check")
        self.assertEqual(set(self.versions()), {"ii 0.1.0"})
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
        self.assertEqual(set(self.versions()), {"ii 0.1.0"})
        self.succeed("upgrade")

    def a_bad_release_stops_at_the_canary(self):
        others = self.benches[1:]
        versions = self.versions()
        (before,) = {version.split()[1] for version in versions}
        for number, script in enumerate((CRASHES, CANNOT_DELIVER, LEAKS_THE_SPOOL), 2):
            version = f"0.1.{number}"
            self.fleet.release(version, spoilt(script))
            pids = [bench.unit("MainPID") for bench in others]
            self.fleet.variables["wattspool_gate_timeout_s"] = 20
            play = self.fail_with(f"is back at {before} and healthy", "upgrade", "-e",
                                  f"wattspool_version={version}")
            self.fleet.variables["wattspool_gate_timeout_s"] = 60
            self.assertEqual({host for host, _ in play.changes()}, {self.benches[0].name})
            self.assertEqual([bench.unit("MainPID") for bench in others], pids)
            self.assertEqual(self.versions(), versions)
            self.fleet.wait_delivering()

    def a_power_cut_is_repaired(self):
        """While dpkg unpacks, and while it configures."""
        bench = self.benches[-1]
        for number, (stage, state) in enumerate((("preinst", "iH"), ("postinst", "iF")), 5):
            version = f"0.1.{number}"
            self.fleet.release(version, slow(stage))
            bench.host.write(SLOW, "")
            words = ("--limit", bench.name, "-e", f"wattspool_version={version}")
            with self.playing("upgrade", *words):
                wait_for(lambda: bench.version().startswith(state), f"dpkg is in {stage}", 60, 0.1)
                bench.host.power_cut()
            bench.host.path(SLOW).unlink()
            bench.host.start()
            self.succeed("upgrade", *words)
            self.assertEqual(bench.version(), f"ii {version}")
            self.fleet.wait_delivering([bench.name])
        self.succeed("upgrade", "-e", f"wattspool_version={version}")

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
