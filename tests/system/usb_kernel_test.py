# SPDX-License-Identifier: Apache-2.0
"""The daemon on a real kernel's USB stack: libusb, usbfs, usbcore, against instruments on USB/IP.

Usage: [long]. No broker: what counts is the spool.
"""

import sys
import unittest

from harness.audit import compare_with_truth
from harness.emulator import Emulator
from harness.guest import Guest
from harness.scratch import Scratch
from harness.spool_audit import audit_spool

SERIAL = "000001"
INSTRUMENT = f"js220/{SERIAL}"
CAMPAIGN = sys.argv.pop(1) if sys.argv[1:] == ["long"] else "smoke"


class UsbKernel(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch("usb"))

    def bench(self, *options, serials=(SERIAL,), **settings):
        self.emulator = Emulator(self.scratch, serials, ["--load", "ble", *options],
                                 listen=True).start()
        self.guest = Guest(self.scratch, [f"js220/{serial}" for serial in serials],
                           self.emulator.usbip_port, **settings).start()
        self.streams("it streams for the first time")

    def streams(self, what, more_than=0):
        def look(status):
            return all(one["state"] == "streaming" and one["values_total"] > more_than
                       for one in status["instruments"])
        return self.guest.wait_until(look, what)

    def values(self):
        return self.guest.last["instruments"][0]["values_total"]

    def more(self, values):
        self.streams(f"{values} more values", self.values() + values)

    def losses(self):
        return self.guest.last["instruments"][0]["losses_total"]

    def audited(self):
        self.guest.stop()
        audit = audit_spool(self.guest.spool())
        self.assertEqual(audit.findings(), [])
        self.assertTrue(audit.holds)
        for lane in ("telemetry", "waveform"):
            ids = audit.lane(lane)
            print(f"{lane}: {ids}", flush=True)
            self.assertGreater(ids["delivered"], 0)
            self.assertEqual(ids["total"], ids["delivered"] + ids["in_gaps"])
        for row in compare_with_truth(audit, [self.emulator]):
            self.assertTrue(row[-1], row)
        print(f"gap events: {audit.document['gap_events']}", flush=True)
        return audit

    def replugged(self, how):
        losses = self.losses()
        self.emulator.send(SERIAL, how)
        self.guest.wait_until(lambda status: status["instruments"][0]["losses_total"] > losses,
                              f"{how}: the loss is noticed")
        self.streams(f"it streams after {how}", self.values())
        self.more(200_000)

    def check_outages(self, audit, count):
        """One Gap for each, no other loss: the time scale leaves the guest what it needs."""
        self.assertEqual(self.losses(), count)
        gaps = audit.document["gap_events"]
        self.assertEqual(gaps.get("disconnect", 0), 2 * count)  # of each lane

    @unittest.skipUnless(CAMPAIGN == "smoke", "another campaign")
    def test_a_replug_is_one_gap(self):
        self.bench("--time-scale", "0.25")
        self.more(500_000)
        self.replugged("replug 500ms")
        audit = self.audited()
        self.check_outages(audit, 1)
        self.assertEqual(audit.document["gap_events"].get("usb_loss", 0), 0)

    @unittest.skipUnless(CAMPAIGN == "smoke", "another campaign")
    def test_the_udev_rules_let_an_unprivileged_daemon_in(self):
        self.bench("--time-scale", "0.25", udev=True)
        self.more(100_000)
        self.audited()
        self.assertRegex(self.guest.text(), r"crw-rw---- .* wattspoo.*/dev/bus/usb/\d+/\d+")

    @unittest.skipUnless(CAMPAIGN == "long", "another campaign")
    def test_full_rate(self):
        """What the emulated processor does not keep up with is in named gaps."""
        self.bench(waveform="1kHz")
        self.more(20_000_000)
        ids = self.audited().lane("telemetry")
        print(f"share lost at full rate: {ids['in_gaps'] / ids['total']:.4f}", flush=True)

    @unittest.skipUnless(CAMPAIGN == "long", "another campaign")
    def test_ten_replugs(self):
        """Each of them meets the open race: the node is there before the configuration is."""
        self.bench("--time-scale", "0.25")
        for k in range(10):
            self.replugged(("replug 300ms", "disconnect 300ms")[k % 2])
        self.check_outages(self.audited(), 10)

    @unittest.skipUnless(CAMPAIGN == "long", "another campaign")
    def test_faults_of_the_bus(self):
        self.bench("--time-scale", "0.25")
        for fault in ("stall-in", "stall-in 15", "io-error", "io-error 15", "lose 21 5"):
            self.emulator.send(SERIAL, fault)
            self.more(200_000)
        self.assertEqual(self.losses(), 0)
        self.replugged("silent")
        audit = self.audited()
        self.assertEqual(self.losses(), 1)
        self.assertGreater(audit.document["gap_events"].get("usb_loss", 0), 0)

    @unittest.skipUnless(CAMPAIGN == "long", "another campaign")
    def test_two_instruments(self):
        self.bench("--time-scale", "0.2", serials=(SERIAL, "000002"))
        self.more(500_000)
        self.replugged("replug 500ms")
        self.assertEqual(self.guest.last["instruments"][1]["losses_total"], 0)
        self.audited()


if __name__ == "__main__":
    unittest.main()
