# SPDX-License-Identifier: Apache-2.0
"""The daemon on a real kernel's USB stack: libusb, usbfs, usbcore, against instruments on USB/IP.

Where it forwards, the proof is the audit of a real broker on the host; elsewhere it is the file on
the guest's disk.
"""

import unittest

from harness.guest_bench import GuestBench

JS220 = "js220/000001"
JS110 = "js110/000110"
TIME_SCALE = 0.35
SLOWLY = ("--time-scale", str(TIME_SCALE))
FULL = 'waveform.rate = "full"'  # then sums are compared bit for bit
# The kernel announces a device before it configures it. This one stays in between until the daemon
# has opened it, and a little longer.
LATE_CONFIGURATION = """\
for device in /sys/bus/usb/devices/*; do [ "$(cat $device/serial)" = {serial} ] && break; done; \
node=$(printf /dev/bus/usb/%03d/%03d $(cat $device/busnum $device/devnum)); \
wattspool --config /etc/wattspool.toml release {id}; echo 0 >$device/bConfigurationValue; \
wattspool --config /etc/wattspool.toml claim {id}; \
until ls -l /proc/[0-9]*/fd | grep -q $node; do :; done; sleep 0.1; \
echo 1 >$device/bConfigurationValue"""


class UsbKernel(GuestBench):
    def test_both_models_reach_a_broker(self):
        """At full rate in the time of the guest, whose clock goes as slowly as the instruments'."""
        self.plug_in(JS220, *SLOWLY, configuration=FULL)
        self.plug_in(JS110, *SLOWLY, configuration='waveform.rate = "1kHz"')
        self.boot(broker=True, time_scale=TIME_SCALE)
        self.all_stream()
        self.send(JS220, "tear 21 3")  # short packets
        self.send(JS110, "tear 3")
        for instrument in (JS220, JS110):
            self.send(instrument, "babble")
            self.send(instrument, "stall-in 15")
        for instrument in (JS220, JS110):
            self.until(instrument, lambda one: one["transfers_failed_total"] >= 15, "all stalls")
        self.outage("replug 2s", JS220, JS110)
        self.claim_before_the_configuration(JS220)
        audit = self.audited()
        self.one_gap_for_each(audit, 2)
        self.assertEqual(audit.document["gap_events"]["released"], 2)  # of each lane
        self.assertGreater(audit.document["gap_events"]["usb_loss"], 0)  # of the short packets

    def test_what_keeps_it_closed_is_told(self):
        """Two of one serial; then one, on a node of root; then our rule, by real udevd."""
        self.plug_in(JS220, *SLOWLY)
        self.plug_in(JS220, *SLOWLY, name="twin")
        self.boot(user="wattspool", udev="later")
        self.until(JS220, lambda one: one["state"] == "failing", "its twin is told")
        self.assertRegex(self.one(JS220)["explanation"],
                         r"two instruments call themselves js220/000001 "
                         r"\(/dev/bus/usb/\S+ and /dev/bus/usb/\S+\): unplug one of them")
        self.emulators.pop("twin").end()
        self.until(JS220, lambda one: one["state"] == "denied", "its node is told")
        self.assertRegex(self.one(JS220)["explanation"], r"/dev/bus/usb/\d+/\d+.*permission denied")
        self.guest.wait_until(lambda status: self.reason("instrument_denied"), "it is a reason")
        self.assertRegex(self.reason("instrument_denied")["remedy"],
                         r"group wattspool: .*/60-wattspool\.rules")
        self.guest.say("do start_udev")
        self.stream({JS220: 100_000})
        self.audited()
        self.assertRegex(self.guest.text(), r"crw-rw---- .* wattspoo.*/dev/bus/usb/\d+/\d+")

    def claim_before_the_configuration(self, instrument):
        before = self.one(instrument)
        serial = instrument.split("/")[1]
        self.guest.say("do " + LATE_CONFIGURATION.format(id=instrument, serial=serial))
        self.until(instrument, lambda one: one["opens_total"] > before["opens_total"],
                   "it is open again")
        self.more(200_000, instrument)
        after = self.one(instrument)
        self.assertGreater(after["claims_repeated_total"], before["claims_repeated_total"])

    def reason(self, code):
        return next((one for one in self.guest.last["reasons"] if one["code"] == code), None)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # the fixture leaves brokers running on purpose
