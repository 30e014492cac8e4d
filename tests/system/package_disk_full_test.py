# SPDX-License-Identifier: Apache-2.0
"""A full disk, at install and later: it is said, acquisition goes on, what goes is named."""

import os
import subprocess
import unittest

from harness.bench import SPOOL, UNIT, Bench
from harness.broker import RealBroker
from harness.host import enter_own_network
from harness.process import wait_for
from harness.scratch import Scratch

STATE = "/var/lib/wattspool"
STATE_SIZE = "64M"
BALLAST = f"{STATE}/ballast"
# More than by default, so that the ring turns within a minute.
WAVEFORM = "waveform.rate = '10kHz'\n"
ROOT_SPARE = 1 << 20  # less than the package unpacks
# The daemon asks a disk that was full again every 30 s; then the file has to grow.
ASKED_AGAIN_S = 90


class DiskFull(unittest.TestCase):
    """One bench whose spool has a small file system of its own."""

    def setUp(self):
        self.scratch = self.enterContext(Scratch("disk-full"))
        self.broker = RealBroker(self.scratch)
        self.bench = Bench(self.scratch, self.broker, disks={STATE: STATE_SIZE})
        self.host = self.bench.host
        self.bench.configure(more=WAVEFORM)

    def test_a_full_disk(self):
        for step in (self.an_install_without_room_fails_and_can_be_repeated,
                     self.an_install_without_room_for_a_spool_waits_for_it,
                     self.it_is_said_when_it_fills, self.it_acquires_on_and_names_what_goes,
                     self.it_starts_where_no_block_is_free, self.room_makes_it_healthy,
                     self.everything_is_accounted_for):
            print(f"... {step.__name__}", flush=True)
            step()

    def fill(self):
        """To the last block."""
        disk = os.statvfs(self.host.path(STATE))
        with open(self.host.path(BALLAST), "wb", buffering=0) as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(1, (disk.f_bavail - 64) * disk.f_bsize))
            ballast.seek(0, os.SEEK_END)
            try:
                while True:
                    ballast.write(bytes(disk.f_bsize))
            except OSError:
                pass
        self.assertEqual(os.statvfs(self.host.path(STATE)).f_bavail, 0)

    def make_room(self):
        self.host.path(BALLAST).unlink()

    def resize_root(self, size_bytes):
        subprocess.run(["mount", "-o", f"remount,size={size_bytes}", self.host.disk], check=True)

    def an_install_without_room_fails_and_can_be_repeated(self):
        """Of this package: what it depends on is there already."""
        self.host.run("bash", "-c", "apt-get install -y -q /srv/packages/*.deb")
        disk = os.statvfs(self.host.disk)
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        self.resize_root(used + ROOT_SPARE)
        failed = self.host.run("apt-get", "install", "-y", "-q",
                               f"/packages/{self.host.package.name}", check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("No space left on device", failed.stdout + failed.stderr)
        self.resize_root(disk.f_blocks * disk.f_frsize)
        self.host.run("dpkg", "--configure", "-a")  # as apt says

    def an_install_without_room_for_a_spool_waits_for_it(self):
        self.fill()
        self.bench.install()
        wait_for(lambda: "exit-code" in self.bench.unit("Result") or
                 int(self.bench.unit("NRestarts")) > 0, "it cannot start", 30, 0.2)
        wait_for(lambda: SPOOL in self.bench.journal(), "it says where", 10, 0.2)
        self.assertIn("is full", self.bench.journal())
        self.make_room()
        wait_for(lambda: self.bench.unit("ActiveState") == "active", "it starts by itself", 30, 0.2)
        self.bench.start_instrument()
        self.bench.create_topics()
        self.bench.wait_acked()
        self.restarts = self.bench.unit("NRestarts")

    def it_is_said_when_it_fills(self):
        self.broker.take_away()
        self.fill()
        wait_for(lambda: "spool_disk_full" in self.bench.verdict()[1], "it is said", 120, 0.5)
        code, reasons = self.bench.verdict()
        told = reasons["spool_disk_full"]
        self.assertIn(code, (1, 2))
        self.assertEqual(told["object"], SPOOL)
        self.assertIn("its quota is 10 GiB", told["message"])
        self.assertIn(f"df -h {STATE}", told["remedy"])
        self.assertNotIn("spool_not_writable", reasons)
        wait_for(lambda: "the spool's disk is full; free space" in self.bench.journal(),
                 "the journal has it", 10, 0.5)
        self.assertIn("disk full at", self.host.say("wattspool", "status"))

    def it_acquires_on_and_names_what_goes(self):
        wait_for(lambda: self.bench.verdict()[0] == 2, "unsent data goes: it is critical", 180, 1)
        self.assertIn("the oldest unsent data is being evicted",
                      self.bench.verdict()[1]["spool_disk_full"]["message"])
        before = self.bench.status()
        self.assertGreater(before["spool"]["evicted_unacked_rows_total"], 0)
        self.assertTrue(before["spool"]["disk_full"])
        wait_for(lambda: self.bench.status()["spool"]["appended_rows_total"] >
                 before["spool"]["appended_rows_total"] + 20, "it acquires on", 60, 0.5)
        [instrument] = self.bench.status()["instruments"]
        self.assertEqual(instrument["state"], "streaming")
        self.assertNotIn("overrun", instrument["gaps_by_reason"])
        self.assertEqual(self.bench.unit("NRestarts"), self.restarts)

    def it_starts_where_no_block_is_free(self):
        self.host.run("systemctl", "restart", UNIT)
        wait_for(lambda: self.bench.status()["spool"]["appended_rows_total"] > 20, "it acquires",
                 60, 0.5)
        self.assertEqual(self.bench.status()["spool"]["set_aside"], "")

    def room_makes_it_healthy(self):
        self.make_room()
        wait_for(lambda: not self.bench.status()["spool"]["disk_full"], "the file grows again",
                 ASKED_AGAIN_S, 0.5)
        self.assertNotIn("spool_disk_full", self.bench.verdict()[1])
        self.broker.bring_back()
        self.bench.wait_acked()

    def everything_is_accounted_for(self):
        self.bench.drain()
        lanes = self.bench.audit()["devices"]["js220-000001"]["lanes"]
        self.assertGreater(lanes["waveform"]["ids_in_gaps"], 0, lanes)


if __name__ == "__main__":
    enter_own_network()
    unittest.main()
