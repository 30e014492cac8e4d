#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real daemon with emulated instruments and a real broker: processor, latency, memory.

Usage: end_to_end.py [--all] [--json] [--time-scale SCALE] [--only NAME]

Emulator, broker and consumer are processes of their own and are not counted. --time-scale below 1
lets the four instruments of the memory figure run slower, where two cores do not carry them and
their broker; the figure's name says so.
"""

import argparse
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "system")]

from figure import Figures, at_most, percentile  # noqa: E402
from harness.agent import Agent  # noqa: E402
from harness.broker import RealBroker  # noqa: E402
from harness.emulator import Emulator  # noqa: E402
from harness.scratch import Scratch  # noqa: E402
from meters import ArrivalMeter, cpu_s, cpu_s_by_thread, resident_mib  # noqa: E402

WARM_UP_S = 5
CPU_WINDOWS, CPU_WINDOW_S = 3, 10
LATENCY_S = 60
OUTAGE_S, DRAIN_S = 20, 40
MEMORY_S = 60  # --all: 600
FLAT_MIB = 4


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="memory for 10 minutes")
    parser.add_argument("--json", action="store_true", help="always on; for bench/run")
    parser.add_argument("--time-scale", type=float, default=1)
    parser.add_argument("--only", choices=["default", "full", "memory"])
    arguments = parser.parse_args()
    figures = Figures()
    with Scratch("bench-end-to-end") as scratch:
        broker = RealBroker(scratch)
        if arguments.only in (None, "default"):
            measure_default(scratch, broker, figures)
        if arguments.only in (None, "full"):
            measure_full(scratch, broker, figures)
        if arguments.only in (None, "memory"):
            measure_memory(scratch, broker, figures, arguments)
    return figures.exit_code()


def start(scratch, broker, name, waveform, serials=("000001",), time_scale=1):
    """An agent that streams from emulated instruments, each in a process of its own."""
    emulators = [
        Emulator(scratch, [serial], ["--load", "ble", "--seed", index,
                                     "--time-scale", time_scale], f"{name}-{serial}").start()
        for index, serial in enumerate(serials, 1)]
    agent = Agent(scratch, name=name, brokers=broker.bootstrap, waveform=waveform,
                  prefix=f"{name}.", quota="4GiB",
                  instruments=[one for emulator in emulators for one in emulator.instruments()])
    agent.ask("topics", "create")
    agent.start().wait_streaming()
    return agent, emulators


def stop(agent, emulators):
    agent.stop()
    for emulator in emulators:
        emulator.end()


def values_of(status, word="values_total"):
    return sum(instrument[word] for instrument in status["instruments"])


def core_percent(agent):
    """Median over windows: seconds of CPU per second of one instrument's samples."""
    pid, windows = agent.process.pid, []
    for _ in range(CPU_WINDOWS):
        values, cpu = values_of(agent.status()), cpu_s(pid)
        time.sleep(CPU_WINDOW_S)
        cpu, values = cpu_s(pid) - cpu, values_of(agent.status()) - values
        windows.append(100 * cpu / (values / 1e6))
    return statistics.median(windows)


def tell_threads(agent):
    threads = sorted(cpu_s_by_thread(agent.process.pid).items(), key=lambda item: -item[1])
    print("  " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in threads[:8]),
          file=sys.stderr)


def measure_default(scratch, broker, figures):
    agent, emulators = start(scratch, broker, "default", "1kHz")
    meter = scratch.keep(ArrivalMeter(broker.bootstrap, "default.telemetry.v1"))
    agent.wait_until(lambda status: len(meter.delays_ms) > 10, "records arrive")
    time.sleep(WARM_UP_S)
    first = len(meter.delays_ms)
    begin = time.monotonic()
    figures.add("CPU of the agent per JS220 at 1 MSPS, waveform 1 kHz", core_percent(agent),
                "% core", at_most(4), at_most(2))
    time.sleep(max(0, LATENCY_S - (time.monotonic() - begin)))
    delays = meter.delays_ms[first:]
    status = agent.status()
    tell_threads(agent)
    figures.add("end of interval to read by a consumer, telemetry, p99", percentile(delays, 99),
                "ms", at_most(750), at_most(400))
    figures.add("  median", percentile(delays, 50), "ms")
    figures.add("  largest", max(delays), "ms")
    figures.add("  records", len(delays), "")
    tell_losses(status, figures)
    meter.end()
    stop(agent, emulators)


def measure_full(scratch, broker, figures):
    agent, emulators = start(scratch, broker, "full", "full")
    time.sleep(WARM_UP_S)
    figures.add("CPU of the agent per JS220 at 1 MSPS, waveform full rate, zstd 1",
                core_percent(agent), "% core", at_most(8), at_most(5))
    tell_threads(agent)
    tell_losses(agent.status(), figures)
    stop(agent, emulators)


def tell_losses(status, figures):
    figures.add("  values lost by then", values_of(status, "values_lost_total"), "")


def measure_memory(scratch, broker, figures, arguments):
    """Outages of the broker, each followed by the drain of what they left, while four record."""
    agent, emulators = start(scratch, broker, "memory", "full",
                             ("000001", "000002", "000003", "000004"), arguments.time_scale)
    pid, cycles, backlogs = agent.process.pid, [], []
    begin = time.monotonic()
    seconds = 600 if arguments.all else MEMORY_S
    while time.monotonic() - begin < seconds:
        broker.take_away()
        time.sleep(OUTAGE_S)
        backlogs.append(agent.status()["spool"]["unacked_bytes"] / 1e6)
        broker.bring_back(wait=False)
        cycles.append(largest_resident_mib(pid, DRAIN_S))
    status = agent.status()
    slower = "" if arguments.time_scale == 1 else f" at {arguments.time_scale:g} of real time"
    figures.add(f"RSS with 4 full-rate instruments{slower}, draining a backlog, "
                f"{seconds / 60:.0f} min", max(cycles), "MiB", at_most(96), at_most(72))
    if arguments.all:
        figures.add("  last 3 minutes above the first 3", max(cycles[-3:]) - max(cycles[:3]), "MiB",
                    at_most(FLAT_MIB))
    figures.add("  backlog after each outage, median", statistics.median(backlogs), "MB")
    figures.add("  backlog at the end", status["spool"]["unacked_bytes"] / 1e6, "MB")
    tell_losses(status, figures)
    stop(agent, emulators)


def largest_resident_mib(pid, seconds):
    largest, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        largest = max(largest, resident_mib(pid))
        time.sleep(0.05)
    return largest


if __name__ == "__main__":
    sys.exit(main())
