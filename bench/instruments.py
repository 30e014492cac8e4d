#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What further instruments cost the daemon: processor and memory each.

Usage: instruments.py [--json]

Emulated JS220 at 1 MSPS, each in a process of its own, a real broker, exactly once.
"""

import argparse
import os
import signal
import sys
import time

from end_to_end import WARM_UP_S, core_percent, start, stop, tell_losses, values_of
from figure import Figures, at_most
from harness.broker import RealBroker
from harness.scratch import Scratch
from meters import resident_mib

COUNTS = (1, 2, 4, 8)
MEMORY_COUNTS = (1, 3)
SETTLE_S = 15
STOP_S = 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="always on; for bench/run")
    parser.add_argument("--all", action="store_true", help="the same")
    parser.parse_args()
    figures = Figures()
    with Scratch("bench-instruments") as scratch:
        broker = RealBroker(scratch)
        measure_processor(scratch, broker, figures)
        measure_memory(scratch, broker, figures)
    return figures.exit_code()


def serials(count):
    return [f"{number:06}" for number in range(1, count + 1)]


def measure_processor(scratch, broker, figures):
    costs = {}
    for count in COUNTS:
        agent, emulators = start(scratch, broker, f"count{count}", "1kHz", serials(count))
        time.sleep(WARM_UP_S)
        costs[count] = core_percent(agent)
        figures.add(f"CPU per instrument with {count}, waveform 1 kHz", costs[count], "% core")
        tell_losses(agent.status(), figures)
        stop(agent, emulators)
    figures.add(f"CPU per instrument with {COUNTS[-1]}, against 1", costs[COUNTS[-1]] / costs[1],
                "", at_most(1.1), at_most(1))


def measure_memory(scratch, broker, figures):
    before, after, lost = {}, {}, {}
    for count in MEMORY_COUNTS:
        agent, emulators = start(scratch, broker, f"memory{count}", "full", serials(count))
        time.sleep(SETTLE_S)
        before[count] = resident_mib(agent.process.pid)
        lost[count] = lost_in_a_stop(agent)
        after[count] = resident_mib(agent.process.pid)
        stop(agent, emulators)
    figures.add("memory per further instrument at full rate, delivered at once",
                per_further(before), "MiB", at_most(14), at_most(11))
    figures.add("  after the daemon stood still for 1 s", per_further(after), "MiB")
    figures.add("values lost by one instrument while the daemon stood still for 1 s",
                lost[MEMORY_COUNTS[0]], "", at_most(0), at_most(0))


def per_further(resident):
    first, last = MEMORY_COUNTS
    return (resident[last] - resident[first]) / (last - first)


def lost_in_a_stop(agent):
    """The whole process is stopped for a second: what comes meanwhile waits in the transfers."""
    before = values_of(agent.status(), "values_lost_total")
    os.kill(agent.process.pid, signal.SIGSTOP)
    time.sleep(STOP_S)
    os.kill(agent.process.pid, signal.SIGCONT)
    time.sleep(SETTLE_S)
    return values_of(agent.status(), "values_lost_total") - before


if __name__ == "__main__":
    sys.exit(main())
