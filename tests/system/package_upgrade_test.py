# SPDX-License-Identifier: Apache-2.0
"""Upgrade and downgrade with 1 GiB unsent and the broker away: all of it arrives, once.

Four instruments at full rate make it in about a minute and a half; the newer package is this one
with another version, for there is one schema so far. First argument: the MiB, 1024 by default.
"""

import contextlib
import sqlite3
import sys
import time
import unittest

from harness.bench import ONE_INSTRUMENT, SPOOL, UNIT, Bench, repacked
from harness.broker import RealBroker
from harness.host import enter_own_network
from harness.process import wait_for
from harness.scratch import Scratch

UNSENT_BYTES = 1024 << 20
SERIALS = [f"00000{k}" for k in range(1, 5)]
FULL_RATE = "waveform.rate = 'full'\n"
NEWER = "99.0"
SCHEMA, NEWER_SCHEMA = 1, 2


class PackageUpgrade(unittest.TestCase):
    """One life of a bench: each step stands on the one before."""

    def setUp(self):
        self.scratch = self.enterContext(Scratch("upgrade"))
        self.broker = RealBroker(self.scratch)
        self.bench = Bench(self.scratch, self.broker, disks={"/var/lib/wattspool": "4G"})
        self.host = self.bench.host
        self.instruments = "".join(ONE_INSTRUMENT.format(serial) for serial in SERIALS)

    def test_up_and_down(self):
        for step in (self.it_waits_for_the_broker, self.an_upgrade_keeps_it,
                     self.a_downgrade_keeps_it, self.a_newer_schema_is_refused_with_both_named,
                     self.all_of_it_arrives, self.everything_arrived_once):
            begin = time.monotonic()
            step()
            print(f"... {step.__name__}: {time.monotonic() - begin:.0f} s", flush=True)

    def unsent_bytes(self):
        return self.bench.status()["spool"]["unacked_bytes"]

    def it_waits_for_the_broker(self):
        self.bench.configure(FULL_RATE, self.instruments)
        self.bench.install()
        self.bench.start_instrument(serials=SERIALS)
        self.bench.create_topics()
        wait_for(lambda: self.bench.status()["kafka"]["delivered_records_total"] > 0, "an ack")
        self.broker.take_away()
        wait_for(lambda: self.unsent_bytes() >= UNSENT_BYTES, f"{UNSENT_BYTES} bytes wait", 600, 2)

    def replace(self, package, version):
        """While it acquires; what was unsent is unsent after, and it acquires."""
        before, unsent = self.bench.unit("MainPID"), self.unsent_bytes()
        self.host.run("apt-get", "install", "-y", "-q", "--allow-downgrades", package)
        self.assertEqual(self.version() == NEWER, version == NEWER)
        self.assertEqual(self.bench.unit("ActiveState"), "active")
        self.assertNotIn(self.bench.unit("MainPID"), (before, "0"))
        self.assertGreaterEqual(self.unsent_bytes(), unsent)
        wait_for(lambda: all(one["values_total"] > 0 for one in self.bench.status()["instruments"]),
                 "it acquires", 60, 0.5)
        spool = self.bench.status()["spool"]
        self.assertEqual((spool["set_aside"], spool["evicted_unacked_rows_total"]), ("", 0))

    def version(self):
        return self.host.say("dpkg-query", "-W", "-f", "${Version}", "wattspool")

    def an_upgrade_keeps_it(self):
        repacked(self.host.package, self.scratch.path("newer"), self.host.path("/root/newer.deb"),
                 NEWER)
        self.replace("/root/newer.deb", NEWER)

    def a_downgrade_keeps_it(self):
        self.replace(f"/packages/{self.host.package.name}", None)

    def set_schema(self, schema):
        """As a version that has not been written yet would leave it."""
        with contextlib.closing(sqlite3.connect(self.host.path(SPOOL))) as spool:
            spool.execute(f"PRAGMA user_version={schema}")

    def a_newer_schema_is_refused_with_both_named(self):
        self.host.run("systemctl", "stop", UNIT)
        unsent = self.bench.rows("waveform", "unacked_rows")
        self.set_schema(NEWER_SCHEMA)
        self.host.run("systemctl", "start", UNIT, check=False)
        says = (f"the file has schema {NEWER_SCHEMA}, this program knows {SCHEMA}; install the "
                "newer wattspool again, or move the file away")
        wait_for(lambda: says in self.bench.journal(), "both are named, and what to do", 30, 0.5)
        self.assertNotEqual(self.bench.unit("ActiveState"), "active")
        self.host.run("systemctl", "stop", UNIT)
        self.set_schema(SCHEMA)
        self.assertEqual(self.bench.rows("waveform", "unacked_rows"), unsent)

    def all_of_it_arrives(self):
        self.bench.configure(FULL_RATE, "")
        self.broker.bring_back()
        self.host.run("systemctl", "start", UNIT)
        unsent, begin = self.unsent_bytes(), time.monotonic()
        wait_for(self.bench.is_empty, "the spool is empty", 900, 1)
        took_s = time.monotonic() - begin
        print(f"    {unsent / 1e6:.0f} MB in {took_s:.0f} s, {unsent / 1e6 / took_s:.1f} MB/s")
        self.bench.wait_well("--require-ack", "--allow", "no_instrument_configured")
        self.host.run("systemctl", "stop", UNIT)

    def everything_arrived_once(self):
        audit = self.bench.audit()
        self.assertEqual(audit["streams"]["records_duplicated"], 0)
        # A busy test machine may be too slow for an emulated instrument: that has its name, too.
        self.assertLessEqual(audit["gap_events"].keys(), {"restart", "usb_loss"})
        for serial in SERIALS:
            lanes = audit["devices"][f"js220-{serial}"]["lanes"]
            for lane in ("telemetry", "waveform"):
                self.assertEqual(lanes[lane]["ids_missing"], 0, lane)
                self.assertGreater(lanes[lane]["ids_delivered"], 0, lane)


if __name__ == "__main__":
    enter_own_network()
    if len(sys.argv) > 1:
        UNSENT_BYTES = int(sys.argv.pop()) << 20
    unittest.main()
