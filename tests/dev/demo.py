#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole product in one minute: two instruments, an outage, a kill, and the proof afterwards.

Usage: demo.py [--kafka]. Exit code 0 only if every sample is accounted for and the energy is true.
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from demo_screen import Screen  # noqa: E402
from harness.agent import Agent, CliFailed  # noqa: E402
from harness.audit import FollowingAudit, compare_with_truth, run_audit  # noqa: E402
from harness.broker import MockBroker, RealBroker  # noqa: E402
from harness.emulator import Emulator  # noqa: E402
from harness.process import NotInTime  # noqa: E402
from harness.programs import ROOT  # noqa: E402
from harness.scratch import Scratch  # noqa: E402

TRACES = ROOT / "tests" / "data" / "traces"
PLAYED = {
    "000001": ("a microcontroller that runs a neural network (STM32L4R5)",
               ["--play", TRACES / "lpm01a_stm32l4r5_vww.f32", "--scale", "0.00030303"]),
    "000002": ("a current that sweeps from 50 to -50 mA and back (RocketLogger)",
               ["--play", TRACES / "rl_test_high_current_I1H.f32", "--scale", "1"]),
}
QUIET_S, OUTAGE_S, DEAD_S = 6, 8, 1.5
CAUGHT_UP_S = 40


class Demo:
    """The acts in their order. Each says what it does before it does it."""

    def __init__(self, scratch, real):
        self.scratch = scratch
        self.real = real
        self.broker = self.agent = self.follower = None
        self.emulators = []
        self.tests = {}
        self.screen = Screen(self.status_text)

    def status_text(self):
        answer = self.agent.ask("status", check=False)
        return answer.stdout + answer.stderr

    def run(self):
        self.set_the_stage()
        self.record()
        self.outage_and_kill()
        self.finish_the_run()
        return self.judge()

    def set_the_stage(self):
        say = self.screen.act
        for serial, (what, source) in PLAYED.items():
            say(f"js220/{serial} plays a recorded trace: {what}")
            self.emulators.append(
                Emulator(self.scratch, [serial], source, f"emulator-{serial}").start())
        self.broker = (RealBroker if self.real else MockBroker)(self.scratch)
        say(f"the broker is {self.broker.name}: delivery {self.broker.delivery}")
        if not self.real:
            self.screen.detail("it knows no transactions and keeps 5 MiB of a partition: the audit "
                               "reads along. ./dev demo --kafka takes a real one.")
        instruments = [pair for emulator in self.emulators for pair in emulator.instruments()]
        self.agent = Agent(
            self.scratch, "demo-bench", instruments=instruments, brokers=self.broker.bootstrap,
            delivery=self.broker.delivery, waveform="full" if self.real else "1kHz")
        if self.real:
            self.agent.ask("topics", "create")
        else:
            self.follower = FollowingAudit(self.scratch, self.agent)

    def record(self):
        self.agent.start().wait_streaming()
        self.screen.act("wattspoold reads both at 1,000,000 samples a second; a run starts on each")
        for emulator in self.emulators:
            for instrument, _ in emulator.instruments():
                test_id = f"demo-{instrument[-6:]}"
                self.agent.run("start", instrument, "--test-id", test_id)
        self.screen.watch_for(QUIET_S)
        self.screen.show()

    def outage_and_kill(self):
        say = self.screen.act
        say(f"the broker goes away for {OUTAGE_S} s; samples go to the spool on disk")
        self.broker.take_away()
        self.screen.watch_for(OUTAGE_S / 2)
        say("kill -9 wattspoold; the instruments go on counting")
        self.agent.kill()
        time.sleep(DEAD_S)
        say("wattspoold starts again and finds its spool, the runs and the instruments")
        self.agent.start(wait=False)
        self.screen.watch_for(OUTAGE_S / 2 - DEAD_S)
        self.agent.wait_streaming()
        self.screen.show()
        say("the broker is back; the backlog goes out in order")
        self.broker.bring_back()
        if not self.screen.watch(self.caught_up, CAUGHT_UP_S):
            raise NotInTime(f"the backlog was not sent within {CAUGHT_UP_S} s")
        say("caught up")
        self.screen.watch_for(QUIET_S / 2)

    def caught_up(self):
        status = self.agent.status()
        return (status is not None and status["kafka"]["state"] == "delivering"
                and status["spool"]["unacked_rows"] <= 4 * len(PLAYED))

    def finish_the_run(self):
        say = self.screen.act
        for emulator in self.emulators:
            for instrument, _ in emulator.instruments():
                say(f"the run on {instrument} stops: " +
                    self.agent.run("stop", instrument).stdout.strip())
        self.screen.watch(self.caught_up, CAUGHT_UP_S)
        self.screen.show()
        say("wattspoold stops (SIGTERM); what is left in the spool is sent")
        self.agent.drain()

    def judge(self):
        say, detail = self.screen.act, self.screen.detail
        say("the audit reads all records back from the broker")
        audit = self.follower.finish() if self.follower else run_audit(self.agent)
        for finding in audit.findings():
            detail(f"! {finding}")
        well = audit.holds if self.real else audit.all_there()
        for lane in ("telemetry", "waveform"):
            ids = audit.lane(lane)
            detail(f"{lane}: ids {ids['total']} = delivered {ids['delivered']} + in named gaps "
                   f"{ids['in_gaps']} + missing {ids['missing']}, duplicated {ids['twice']}")
            well = well and ids["total"] == ids["delivered"] + ids["in_gaps"] and ids["delivered"]
        duplicated = audit.duplicated()
        if self.real:
            detail(f"read_committed: {duplicated} records duplicated")
            well = well and duplicated == 0
        else:
            detail(f"read_committed is not supported by this broker; {duplicated} records came "
                   "twice and were told by ce_id")
        say("charge and energy, recomputed from the records, against the emulators' truth")
        for device, lane, what, value, true, agrees in compare_with_truth(audit, self.emulators):
            if isinstance(value, str):  # an exact sum has many digits
                value = true = "bit for bit" if agrees else f"{value}, not {true}"
            unit = {"charge": " C", "energy": " J"}.get(what, "")
            detail(f"{device} {lane:9} {what:20} {value}{unit}  "
                   f"{'equal' if agrees else f'NOT EQUAL to {true}{unit}'}")
            well = well and agrees
        say("all of it holds" if well else "NOT all of it holds")
        return bool(well)


def main(arguments):
    if arguments not in ([], ["--kafka"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with Scratch("demo") as scratch:
            if not Demo(scratch, real=bool(arguments)).run():
                raise NotInTime("the identity does not hold; see above")
    except (AssertionError, CliFailed, FileNotFoundError, NotInTime) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
