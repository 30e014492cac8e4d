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

TELL_UDEV = """\
udevadm settle; for device in /sys/bus/usb/devices/*; do [ "$(cat $device/idVendor)" != 16d0 ] || \
echo udev $(cat $device/idProduct $device/power/control) \
$(ls -l $(printf /dev/bus/usb/%03d/%03d $(cat $device/busnum $device/devnum))) \
$(udevadm info $device | grep ^E:.TAGS=) end; done"""


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
        self.outage("silent", JS220)        # dead until it is opened anew
        self.outage("stall-in 30", JS110)   # more than it bears; the next openings fail too
        self.claim_before_the_configuration(JS220)
        audit = self.audited()
        self.one_gap_for_each(audit, 4)
        self.assertEqual(audit.document["gap_events"]["released"], 2)  # of each lane
        self.assertGreater(audit.document["gap_events"]["usb_loss"], 0)  # of the short packets

    def test_what_keeps_it_closed_is_told(self):
        """Two of one serial; then one, on a node of root; then our rule, by real udevd; then
        another program has it, and it comes back without its endpoint."""
        self.plug_in(JS220, *SLOWLY)
        self.plug_in(JS220, *SLOWLY, name="twin")
        self.plug_in(JS110, *SLOWLY)
        self.boot(user="wattspool", udev="later", programs=("late_reader",), waveform="1kHz",
                  time_scale=TIME_SCALE)
        self.twins_are_told()
        self.emulators.pop("twin").end()
        for instrument in (JS220, JS110):
            self.denial_is_told(instrument)
        self.guest.say("do for one in /sys/bus/usb/devices/*/power/control; do echo auto >$one; "
                       "done; start_udev")
        self.stream({JS220: 100_000, JS110: 100_000})
        self.rule_is_applied()
        self.held_by_another(JS220, 100)
        self.endpoint_is_missed(JS110)
        self.one_gap_for_each(self.audited(), 1)

    def twins_are_told(self):
        self.until(JS220, lambda one: one["state"] == "failing", "its twin is told")
        nodes = r"/dev/bus/usb/\S+ and /dev/bus/usb/"
        self.assertRegex(self.one(JS220)["explanation"],
                         rf"two instruments call themselves {JS220} \({nodes}\S+\): unplug one")
        self.guest.wait_until(lambda _: self.reason("usb_serial_twice", JS220), "it is a reason")
        self.assertRegex(self.reason("usb_serial_twice", JS220)["message"],
                         rf"2 devices say that they are {JS220}: at {nodes}\d+/\d+\. "
                         "The one that is open, if there is one, is read on; none is opened.")

    def denial_is_told(self, instrument):
        self.until(instrument, lambda one: one["state"] == "denied", "its node is told")
        self.assertRegex(self.one(instrument)["explanation"],
                         r"/dev/bus/usb/\d+/\d+.*permission denied")
        self.guest.wait_until(lambda _: self.reason("instrument_denied", instrument),
                              "it is a reason")
        self.assertRegex(self.reason("instrument_denied", instrument)["remedy"],
                         r"group wattspool: .*/60-wattspool\.rules")

    def rule_is_applied(self):
        """Node, tag and power of each, as udevd has left them."""
        self.guest.say("do " + TELL_UDEV)
        for product in ("10ba", "0e88"):
            line = self.said(rf"udev {product} .* end\b", f"{product}: what udev made of it")[0]
            self.assertRegex(line, rf"{product} on crw-rw---- .* wattspoo.* E: TAGS=:\S*uaccess:")

    def endpoint_is_missed(self, instrument):
        before = self.one(instrument)["opens_total"]
        self.send(instrument, "no-endpoint 3600s")
        self.until(instrument, lambda one: one["state"] == "failing", "that is told")
        self.assertRegex(self.one(instrument)["explanation"],
                         rf"open {instrument}: /dev/bus/usb/\d+/\d+ has no bulk endpoint IN 0x82, "
                         r"which every js110 has \(it has none\): .* firmware")
        self.send(instrument, "heal")
        self.until(instrument, lambda one: one["opens_total"] > before, "it is whole again")
        self.more(100_000, instrument)

    def claim_before_the_configuration(self, instrument):
        before = self.one(instrument)
        serial = instrument.split("/")[1]
        self.guest.say("do " + LATE_CONFIGURATION.format(id=instrument, serial=serial))
        self.until(instrument, lambda one: one["opens_total"] > before["opens_total"],
                   "it is open again")
        self.more(200_000, instrument)
        after = self.one(instrument)
        self.assertGreater(after["claims_repeated_total"], before["claims_repeated_total"])


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # the fixture leaves brokers running on purpose
