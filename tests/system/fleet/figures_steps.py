# SPDX-License-Identifier: Apache-2.0
"""How long a run takes, what one more host adds to it; and the report of all."""

import json

from fleet.steps import Steps


class FiguresSteps(Steps):

    def the_time_of_a_run_is_said(self):
        """Of a run that finds everything in place; the others print their times anyway."""
        plays = []
        for count in range(1, len(self.benches) + 1):
            names = ",".join(bench.name for bench in self.benches[:count])
            plays.append(self.succeed("site", "--limit", names))
            self.assertEqual(plays[-1].changes(), set())
        for what in ("seconds", "processor_s"):
            used = [getattr(play, what) for play in plays]
            growth = (used[-1] - used[0]) / (len(used) - 1)
            print(f"    again on 1 to {len(used)} hosts, {what}: "
                  f"{', '.join(f'{one:.1f}' for one in used)}; for one more {growth:.1f}",
                  flush=True)

    def report(self):
        """What one run of the report says in its table, and of each bench in its JSON."""
        play = self.succeed("report")
        said = json.loads((self.fleet.folder / "wattspool-report.json").read_text("utf-8"))
        self.assertEqual([bench["bench"] for bench in said["benches"]], list(self.fleet.benches))
        return play.text, {bench["bench"]: bench for bench in said["benches"]}

    def those_that_say_nothing_are_reported(self, silent):
        """One that cannot be reached, and one whose variables are wrong."""
        wrong = next(bench for bench in self.benches if bench is not silent)
        before = dict(self.fleet.host_variables[wrong.name])
        self.fleet.host_variables[wrong.name]["wattspool_gate_soak_s"] = "soon"
        text, benches = self.report()
        self.fleet.host_variables[wrong.name] = before
        for bench, health in ((silent, "unreachable"), (wrong, "unknown")):
            self.assertIsNone(benches[bench.name]["status"])
            self.assertEqual(benches[bench.name]["problem"][0], health)
            self.assertRegex(text, rf'"{bench.name} .* {health} ')
        self.assertIn("wattspool_gate_soak_s", benches[wrong.name]["problem"][1])
        for bench in self.benches:
            if bench not in (silent, wrong):
                self.assertEqual(benches[bench.name]["status"]["agent_id"], bench.name)
