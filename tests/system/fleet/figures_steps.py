# SPDX-License-Identifier: Apache-2.0
"""How long a run takes, and what one more host adds to it."""

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
