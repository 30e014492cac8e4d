# SPDX-License-Identifier: Apache-2.0
"""Instruments on the bus of a guest, with a broker on the host or without: what its tests share."""

import re
import unittest

from harness.agent import Agent
from harness.audit import compare_with_truth, run_audit
from harness.broker import RealBroker
from harness.emulator import Emulator
from harness.guest import Guest
from harness.scratch import Scratch
from harness.spool_audit import audit_spool

LANES = ("telemetry", "waveform")
TOOL = "wattspool --config /etc/wattspool.toml"  # in the guest


class GuestBench(unittest.TestCase):
    """plug_in() the instruments, boot(), do something to them, audit what came of it."""

    def run(self, result=None):
        result = result or self.defaultTestResult()
        bad = len(result.failures) + len(result.errors)
        with Scratch("usb") as self.scratch:
            super().run(result)
            if len(result.failures) + len(result.errors) > bad:
                self.scratch.keep_files()
        return result

    def setUp(self):
        self.emulators = {}  # by instrument id
        self.lines = {}      # of the configuration, likewise
        self.broker = None
        self.outages = 0

    def plug_in(self, instrument, *options, configuration="", name=None):
        """Before boot(). `name`: of the emulator's files, when the id is no name for them."""
        model, serial = instrument.split("/")
        emulator = Emulator(self.scratch, [serial], ["--load", "ble", *options],
                            name or instrument.replace("/", "-"), model=model, listen=True)
        self.emulators[name or instrument] = emulator.start()
        if name is None:
            self.lines[instrument] = configuration
        return emulator

    def boot(self, broker=False, **settings):
        if broker:
            self.broker = RealBroker(self.scratch)
            self.host = Agent(self.scratch, "host", brokers=self.broker.bootstrap)
            self.host.ask("topics", "create")
            settings["brokers"] = self.broker.guest_bootstrap
        plugs = [plug for emulator in self.emulators.values() for plug in emulator.plugs()]
        self.guest = Guest(self.scratch, list(self.lines.items()), plugs, **settings).start()

    # Conditions.

    def one(self, instrument):
        return self.guest.instrument(instrument)

    def until(self, instrument, condition, what):
        return self.guest.wait_until(lambda _: condition(self.one(instrument)),
                                     f"{instrument}: {what}")

    def stream(self, more_than):
        """`more_than`: values by instrument. The status comes once a second, so all are waited for
        at once."""
        def look(_):
            return all(self.one(instrument)["state"] == "streaming"
                       and self.one(instrument)["values_total"] > values
                       for instrument, values in more_than.items())
        self.guest.wait_until(look, f"they stream, more than {more_than} values")

    def all_stream(self):
        self.stream(dict.fromkeys(self.lines, 0))

    def more(self, values, *instruments):
        self.stream({one: self.one(one)["values_total"] + values for one in instruments})

    def reason(self, code, instrument):
        """Of the newest status; None: that is none of its reasons."""
        return next((one for one in self.guest.last["reasons"]
                     if one["code"] == code and one["object"] == instrument), None)

    def losses(self):
        return sum(one["losses_total"] for one in self.guest.last["instruments"])

    def one_gap_for_each(self, audit, outages):
        """There were so many, and each is one Gap of each lane."""
        losses = [line for line in self.guest.text().splitlines() if "instrument is lost" in line]
        self.assertEqual(self.outages, outages, "\n".join(losses))
        self.assertEqual(audit.document["gap_events"].get("disconnect", 0), outages * len(LANES))

    # What happens to an instrument.

    def send(self, instrument, words):
        return self.emulators[instrument].send(instrument.split("/")[1], words)

    def outage(self, how, *instruments, values=200_000):
        """One that costs each of them its connection: noticed, told, and over."""
        losses = [self.one(instrument)["losses_total"] for instrument in instruments]
        for instrument in instruments:
            self.send(instrument, how)
        for instrument, before in zip(instruments, losses):
            self.until(instrument, lambda one, before=before: one["losses_total"] > before,
                       f"{how}: it is noticed")
        self.more(values, *instruments)

    def held_by_another(self, instrument, pause_ms):
        """Another program has it: that is told, and over once it is free. Its gaps are returned."""
        self.guest.say(f"do {TOOL} release {instrument}; late_reader {instrument} {pause_ms} &")
        self.said(rf"late_reader: {instrument} is open", f"{instrument}: another program has it")
        self.guest.say(f"do {TOOL} claim {instrument}")
        self.until(instrument, lambda one: one["state"] == "busy", "that is told")
        self.assertRegex(self.one(instrument)["explanation"],
                         rf"open {instrument}: claim /dev/bus/usb/\d+/\d+: "
                         "in use by another program")
        self.guest.wait_until(lambda _: self.reason("instrument_busy", instrument),
                              "it is a reason")
        self.assertIn("close that program", self.reason("instrument_busy", instrument)["remedy"])
        line = self.said(rf"late_reader: {instrument} paused for {pause_ms} ms: .* (\d+) gaps",
                         f"{instrument}: it is let go")
        print(line[0], flush=True)
        self.more(0, instrument)
        return int(line[1])

    def said(self, pattern, what):
        """Of what the guest has written: the match, once there is one."""
        self.guest.wait_until(lambda _: re.search(pattern, self.guest.text()), what)
        return re.search(pattern, self.guest.text())

    # The end.

    def audited(self):
        """From the broker's side if there is one, else from the file on the guest's disk."""
        self.all_stream()
        self.outages = self.losses()
        if self.broker:
            self.guest.drain()
        self.guest.stop()
        audit = run_audit(self.host) if self.broker else audit_spool(self.guest.spool())
        self.assertEqual(audit.findings(), [])
        self.assertTrue(audit.holds)
        self.assertEqual(audit.duplicated(), 0)
        self.assertEqual(audit.missing(), 0)
        self.assertEqual(audit.devices(), sorted(one.replace("/", "-") for one in self.lines))
        for device, parts in audit.document["devices"].items():
            for lane in LANES:
                ids = parts["lanes"][lane]
                print(f"{device} {lane}: {ids['ids_delivered']} delivered, "
                      f"{ids['ids_in_gaps']} in gaps", flush=True)
                self.assertGreater(ids["ids_delivered"], 0)
                self.assertEqual(ids["ids_total"], ids["ids_delivered"] + ids["ids_in_gaps"])
                self.assertEqual((ids["ids_missing"], ids["ids_twice"]), (0, 0))
        rows = compare_with_truth(audit, self.emulators.values())
        self.assertGreaterEqual(len(rows), 2 * len(self.lines))
        for row in rows:
            self.assertTrue(row[-1], row)
        print(f"gap events: {audit.document['gap_events']}", flush=True)
        return audit
