# SPDX-License-Identifier: Apache-2.0
"""Benches by Ansible: from nothing to delivering, upgraded behind a gate, retired without a loss.

Short: two hosts, one broker. With the argument `whole`: three, one of them a Debian 13, and three
brokers, and all that goes wrong. `whole=changes` and `whole=upgrades` are its two halves, each a
life of its own; `whole only=STEP,STEP` does these steps only, and those that every step stands on.
`ansible=FOLDER` has the programs of another Ansible than Debian's.
"""

import sys
import time
import unittest

from fleet.change_steps import ChangeSteps
from fleet.figures_steps import FiguresSteps
from fleet.gate_steps import GateSteps
from fleet.inventory_steps import InventorySteps
from fleet.retire_steps import RetireSteps
from fleet.upgrade_steps import UpgradeSteps
from harness.broker import SecuredBroker
from harness.fleet import Fleet
from harness.host import enter_own_network, package_file
from harness.scratch import Scratch


def argument(name, default=""):
    return next((word.partition("=")[2] for word in sys.argv[1:] if word.startswith(f"{name}=")),
                default)


HALF = argument("whole")
WHOLE = HALF or "whole" in sys.argv[1:]
ONLY = argument("only").split(",") if argument("only") else None
FIRST_COMMIT_S = 60


class Fleets(InventorySteps, ChangeSteps, FiguresSteps, UpgradeSteps, GateSteps, RetireSteps,
             unittest.TestCase):
    """One life of a fleet: each step stands on the one before."""

    whole = WHOLE

    def setUp(self):
        self.scratch = self.enterContext(Scratch("fleet"))
        suites = ["bookworm", "bookworm", "trixie"] if WHOLE else ["bookworm"] * 2
        self.broker = SecuredBroker(self.scratch, {"bench-02": "word-of-bench-02"},
                                    brokers=3 if WHOLE else 1)
        self.fleet = Fleet(self.scratch, self.broker, suites, argument("ansible", "/usr/bin"))
        self.benches = list(self.fleet.benches.values())
        if self.an_upgrade_is_one_gap in self.steps():
            self.fleet.install_by_file(self.benches[1], package_file(self.benches[1].suite))
        self.fleet.start()

    def test_a_life(self):
        self.do(self.steps())

    def steps(self):
        every = [self.brokers_are_made_ready, self.benches_come_from_nothing]
        begin = [self.what_is_wrong_is_found_before_a_change, *every, self.again_changes_nothing,
                 self.all_are_reported]
        end = [self.all_retire_and_nothing_is_missing]
        inventory = [self.the_time_of_a_run_is_said, self.check_mode_tells_the_truth,
                     self.a_run_that_ended_early_is_completed]
        upgrades = [self.an_upgrade_is_one_gap, self.gates_close_before_a_change,
                    self.a_way_back_that_fails_is_told, self.a_bad_release_stops_at_the_canary,
                    self.a_killed_host_is_repaired, self.an_unreachable_bench_stops_the_wave,
                    self.a_bench_that_falls_silent_is_completed,
                    self.a_newer_schema_is_not_taken_back]
        benches = [self.credentials_are_replaced, self.a_spool_moves_and_its_neighbours_stay,
                   self.a_bench_with_unsent_data_stays,
                   self.a_bench_comes_back_with_what_it_kept, self.a_lost_disk_is_restored]
        if not WHOLE:
            steps = [*begin, self.a_bench_with_unsent_data_stays, *end]
        elif HALF:
            steps = {"changes": [*begin, *inventory, *benches, *end],
                     "upgrades": [*every, *upgrades, *end]}[HALF]
        else:
            steps = [*begin, *inventory, *upgrades, *benches, *end]
        return [step for step in steps if not ONLY or step in every or step.__name__ in ONLY]

    def do(self, steps):
        begin = time.monotonic()
        for step in steps:
            print(f"... {step.__name__}, at {time.monotonic() - begin:.0f} s", flush=True)
            try:
                step()
            except Exception:
                self.scratch.keep_files()
                self.fleet.write_down()
                raise
        print(f"... the end, at {time.monotonic() - begin:.0f} s", flush=True)

    def brokers_are_made_ready(self):
        predicted = self.succeed("topics", "--check").changes()
        grant = "Grant the rights that are missing"
        self.assertEqual(predicted, {(bench.name, grant) for bench in self.benches})
        # Whether a topic is missing is known where it is created.
        self.assertEqual(self.succeed("topics").changes() - predicted,
                         {(self.benches[0].name, "Create the topics that are missing")})
        self.assertEqual(self.succeed("topics").changes(), set())
        self.assertEqual(self.succeed("topics", "--check").changes(), set())

    def benches_come_from_nothing(self):
        predicted = self.succeed("site", "--check")
        for bench in self.benches:
            self.assertEqual(bench.version(), "")
        play = self.succeed("site", "-vvv", "--diff")
        self.assertEqual(predicted.changes(), play.changes())
        self.secrets_are_kept(play)
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
        """Also where an interruption has left a host without its lists of packages."""
        host = self.benches[0].host
        host.run("sh", "-c", "rm -r /var/lib/apt/lists/*")
        play = self.succeed("site")
        self.assertEqual(play.changes(), set())
        self.assertIn("0.1.0", host.say("apt-cache", "madison", "wattspool"))

    def all_are_reported(self):
        text, benches = self.report()
        for name, bench in benches.items():
            self.assertEqual(bench["status"]["agent_id"], name)
            self.assertEqual((bench["site"], bench["class"]), ("lab-2", "thermal"))
            self.assertIn(f"{name}  lab-2", text)

    def credentials_are_replaced(self):
        """The brokers get another authority, take certificates of this one only, and know another
        password: whoever has an old one is told so."""
        self.broker.renew_access({"bench-02": "other-word-of-bench-02"})
        for bench in self.benches:
            self.wait_unsent(bench)
        self.fleet.variables["wattspool_kafka_ca"] = self.broker.authority.crt.read_text("ascii")
        for bench in self.benches:
            self.fleet.host_variables[bench.name] = {
                **self.fleet.host_variables[bench.name], **self.fleet.access(bench.name)}
        before = [self.acquisition(bench) for bench in self.benches]
        play = self.succeed("site", "-vvv", "--diff")
        self.secrets_are_kept(play)
        self.assertEqual({task for _, task in play.changes()},
                         {"Write the secrets", "Write the certificates", "Reload wattspoold"})
        self.fleet.wait_delivering()
        self.assertEqual([self.acquisition(bench) for bench in self.benches], before)

    @staticmethod
    def acquisition(bench):
        """What a restart, or a gap, would change."""
        return bench.unit("MainPID"), bench.instrument_status()["gaps_by_reason"]


if __name__ == "__main__":
    enter_own_network()
    unittest.main(argv=sys.argv[:1])
