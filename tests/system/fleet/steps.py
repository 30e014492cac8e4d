# SPDX-License-Identifier: Apache-2.0
"""What all steps stand on: a fleet, its broker, plays that are to succeed or to fail."""

import concurrent.futures
import contextlib

from harness.process import wait_for

CACHE = "/var/cache/wattspool-upgrade"
NOTE = f"{CACHE}/upgrading-from"


class Steps:
    """Part of a unittest.TestCase that has `fleet`, `benches`, `broker`, `scratch` and `whole`."""

    def succeed(self, name, *words):
        play = self.fleet.play(name, *words)
        self.assertEqual(play.code, 0, play.text[-4000:])
        return play

    def fail_with(self, part, name, *words):
        play = self.fleet.play(name, *words)
        self.assertNotEqual(play.code, 0, play.text[-2000:])
        self.assertIn(part, " ".join(play.text.split()))
        return play

    @contextlib.contextmanager
    def playing(self, name, *words):
        """Meanwhile; gives what will be its Play."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            yield pool.submit(self.fleet.play, name, *words)

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

    def wait_unsent(self, bench):
        wait_for(lambda: bench.unsent_rows() > 5, "data waits", 60, 0.5)

    def versions(self):
        return [bench.version() for bench in self.benches]
