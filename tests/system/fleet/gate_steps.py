# SPDX-License-Identifier: Apache-2.0
"""Gates that close: before anything is changed, and behind the way back."""

from fleet.releases import crashes_and_leaves
from fleet.steps import CACHE, NOTE, Steps
from harness.bench import UNIT
from harness.process import wait_for

INSTRUMENT = "instrument.path", "instrument.service"
LEFT = "/etc/wattspool/conf.d/99-left.toml"


class GateSteps(Steps):
    def gates_close_before_a_change(self):
        bench = self.benches[0]
        there = bench.version().split()[1]
        self.left_alone("the repository has no wattspool 9.9 for bookworm", bench, "9.9")
        bench.host.run("systemctl", "stop", *INSTRUMENT)
        wait_for(lambda: bench.status()["health"] != "healthy", "its instrument is missed", 60, 0.3)
        self.left_alone(f"with {there}: ", bench, "0.1.0")
        bench.host.run("systemctl", "start", *INSTRUMENT)
        self.fleet.wait_delivering([bench.name])
        cached = bench.host.path(f"{CACHE}/{self.fleet.package(there, bench.suite).name}")
        cached.unlink(missing_ok=True)
        self.fleet.withdraw(there)
        self.left_alone(f"nobody has the package of {there}, the version to go back to", bench,
                        "0.1.0")
        self.fleet.offer(there)

    def left_alone(self, why, bench, version):
        before = bench.version(), bench.unit("MainPID")
        play = self.fail_with(f"{bench.name} is left as it is", "rollback", "--limit", bench.name,
                              "-e", f"wattspool_version={version}")
        self.assertIn(why, " ".join(play.text.split()))
        self.assertEqual((bench.version(), bench.unit("MainPID")), before)
        self.assertEqual(play.changes(), set())
        self.assertFalse(bench.host.path(NOTE).exists())

    def a_way_back_that_fails_is_told(self):
        """With both reasons, and how the bench is left. Put right by hand, it is as before."""
        bench = self.benches[0]
        there = bench.version().split()[1]
        self.fleet.release("0.1.1.2", crashes_and_leaves(LEFT))
        timeout_s = self.fleet.variables["wattspool_gate_timeout_s"]
        self.fleet.variables["wattspool_gate_timeout_s"] = 8
        play = self.fail_with(f"{bench.name} is NOT healthy: 0.1.1.2 failed: ", "upgrade",
                              "--limit", bench.name, "-e", "wattspool_version=0.1.1.2")
        self.fleet.variables["wattspool_gate_timeout_s"] = timeout_s
        self.fleet.withdraw("0.1.1.2")
        said = " ".join(play.text.split())
        self.assertRegex(said, f"The way back to {there} failed, too: .*wattspool check ")
        self.assertIn(f"It is left with ii {there}, wattspoold is failed.", said)
        self.assertIn(LEFT, said)  # the journal names it
        self.assertEqual(bench.version(), f"ii {there}")
        self.assertEqual(bench.host.path(NOTE).read_text("ascii"), f"{there}\n")
        bench.host.path(LEFT).unlink()
        bench.host.run("systemctl", "restart", UNIT)
        self.fleet.wait_delivering([bench.name])
