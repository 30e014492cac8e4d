# SPDX-License-Identifier: Apache-2.0
"""Deeds at moments. Here alone tests wait for time: the moments are what is tested."""

import heapq
import itertools
import os
import random
import time


def seeded_random():
    """Random moments that a failing run can repeat: WATTSPOOL_SEED takes the printed number."""
    seed = int(os.environ.get("WATTSPOOL_SEED") or time.time_ns() % 1_000_000)
    print(f"WATTSPOOL_SEED={seed}", flush=True)
    return random.Random(seed)


class Timeline:
    """Deeds are done in the order of their moments; each may add further ones."""

    def __init__(self):
        self.deeds = []
        self.count = itertools.count()  # of two deeds at one moment the first goes first
        self.begin = time.monotonic()

    def now(self):
        return time.monotonic() - self.begin

    def at(self, moment_s, what, deed):
        heapq.heappush(self.deeds, (moment_s, next(self.count), what, deed))

    def run(self, until_s):
        while self.deeds and self.deeds[0][0] <= until_s:
            moment_s, _, what, deed = heapq.heappop(self.deeds)
            time.sleep(max(0.0, moment_s - self.now()))
            print(f"{self.now():6.2f} s  {what}", flush=True)
            deed()
        time.sleep(max(0.0, until_s - self.now()))
