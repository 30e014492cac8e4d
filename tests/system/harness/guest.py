# SPDX-License-Identifier: Apache-2.0
"""A machine that runs the daemon.

It has the built programs and a disk of its own for the spool. Instruments come over USB/IP
(tests/system/usb_kernel). The test talks to it over a serial port, for the network of a busy guest
can stand still.
"""

import json
import socket
import subprocess
import threading
import time

from harness.machine import GOOD_END, machine, make_root
from harness.process import PATIENCE_S, wait_for
from harness.programs import ROOT, program

RULES = ROOT / "packaging" / "60-wattspool.rules"
DISK_MIB = 512
CONFIG = """\
[agent]
id = "guest"
[spool]
path = "/data/spool.db"
quota = "{quota}"
[memory]
ring = "8MiB"
[forward.backoff]
max = "1s"
[waveform]
rate = "{waveform}"
[kafka]
brokers = [{brokers}]
[topics]
prefix = "bench."
[usb]
discover = "{discover}"
[status]
file = "/run/status.json"
[control]
socket = "/run/control.sock"
"""
INSTRUMENT = """\
[[instrument]]
id = "{}"
port = "usb"
{}
"""


def _clock(scale):
    """QEMU's options for the clocks, and the kernel's words.

    The guest counts the ticks of the host's processor, and is told a wrong rate. Its date is an
    hour off: what an instrument says of the host's time is then never taken for the guest's.
    """
    if scale == 1:
        return [], ""
    answer = subprocess.run([program("tick_rate")], capture_output=True, text=True, check=True)
    date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 3600))
    return (["-rtc", f"base={date}"],
            f" tsc=reliable tsc_early_khz={round(int(answer.stdout) / scale)}")


class Guest:
    """`instruments`: id, or (id, lines of its configuration). `plugs`: PORT:BUSID of the emulators.

    Settings: `brokers` (as the guest sees them), `waveform`; `discover`, "auto": none is
    configured; `programs`, more of them; `tools`, the
    host's, by path; `user`, who the daemon is; `udev`: the
    real udevd and our rules, from the start (True), or "later": the word `do start_udev`;
    `time_scale`: all clocks of the guest go so much slower than the host's. An instrument at the
    same time scale has its full rate there, and the emulated processor has the time for it.
    """

    def __init__(self, scratch, instruments, plugs, **settings):
        self.scratch = scratch
        self.log = scratch.path("guest.log")
        self.disk = scratch.path("disk.img")
        self.last = None
        self.link = None
        self.socket = scratch.socket("guest.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.socket))
        self.listener.listen()
        self.time_scale = settings.get("time_scale", 1)
        udev = settings.get("udev")
        self._make_disk()
        programs = [program(name) for name in
                    ("wattspoold", "wattspool", "vhci_keep", *settings.get("programs", ()))]
        programs += settings.get("tools", [])
        root = make_root(scratch.path("root"), "guest_init.sh",
                         programs + (["/bin/udevadm"] if udev else []),
                         self._texts(instruments, plugs, settings))
        clock, words = _clock(self.time_scale)
        self.process = machine(
            root, self.log, 512, *clock,
            "-drive", f"file={self.disk},format=raw,if=none,id=d0,cache=unsafe",
            "-device", "virtio-blk-pci,drive=d0", "-serial", f"unix:{self.socket}",
            kernel_words=words)
        scratch.keep(self)

    def _texts(self, instruments, plugs, settings):
        """The files of the guest that differ from test to test."""
        brokers = settings.get("brokers", "")
        def config(discover):
            return CONFIG.format(quota="384MiB", waveform=settings.get("waveform", "full"),
                                 brokers=f'"{brokers}"' if brokers else "", discover=discover)
        discover = settings.get("discover", "off")
        configured = [] if discover == "auto" else instruments
        blocks = [INSTRUMENT.format(*((one, "") if isinstance(one, str) else one))
                  for one in configured]
        user = settings.get("user", "wattspool" if settings.get("udev") else "root")
        conf = f"PLUGS='{' '.join(plugs)}'\nDAEMON_USER={user}\n"
        texts = {"etc/wattspool.toml": config(discover) + "".join(blocks),
                 "etc/drain.toml": config("off"),
                 "guest.conf": conf + ("UDEV=1\n" if settings.get("udev") is True else ""),
                 "etc/passwd": "root:x:0:0::/:/bin/sh\nwattspool:x:900:900::/:/bin/sh\n",
                 "etc/group": "root:x:0:\nwattspool:x:900:\n",
                 "etc/nsswitch.conf": "passwd: files\ngroup: files\n"}
        if settings.get("udev"):
            texts["etc/udev/rules.d/60-wattspool.rules"] = RULES.read_text(encoding="utf-8")
        return texts

    def _make_disk(self):
        with open(self.disk, "wb") as disk:
            disk.truncate(DISK_MIB << 20)
        subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum", self.disk],
                       check=True)

    def start(self):
        self.process.start()
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self):
        self.link, _ = self.listener.accept()
        with self.link.makefile(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("{"):
                    self.last = json.loads(line)

    def wait_until(self, condition, what, seconds=PATIENCE_S):
        """Of the newest status of the daemon in the guest; seconds of its own clock."""
        seconds /= self.time_scale
        def look():
            assert self.process.running(), f"the guest has ended\n{self.text()}"
            return self.last and condition(self.last) and self.last
        return wait_for(look, f"{what}; {self.log}; last status {self.last}", seconds, 0.05)

    def instrument(self, instrument):
        """Of the newest status."""
        return next((one for one in self.last["instruments"] if one["instrument"] == instrument),
                    {"state": "not discovered"})

    def say(self, words):
        self.link.sendall(words.encode() + b"\n")

    def drain(self, seconds=PATIENCE_S):
        """SIGTERM for the daemon, then one without instruments that sends what is left."""
        before = self.last["pid"]
        self.say("drain")
        self.wait_until(
            lambda status: status["pid"] != before and status["spool"]["unacked_rows"] == 0,
            "the spool is drained", seconds)

    def stop(self):
        """SIGTERM for the daemon, then the end of the machine. Its disk can be read afterwards."""
        self.say("stop")
        code = self.process.child.wait(PATIENCE_S / self.time_scale)
        assert code == GOOD_END, f"the guest ended with {code}\n{self.text()}"

    def spool(self):
        """The spool's file, read from the disk of the guest."""
        path = self.scratch.path("spool.db")
        for suffix in ("", "-wal", "-shm"):
            subprocess.run(["/usr/sbin/debugfs", "-R", f"dump /spool.db{suffix} {path}{suffix}",
                            self.disk], capture_output=True, check=True)
        return path

    def text(self):
        return self.process.text()[-6000:]

    def end(self):
        self.process.end()
        self.listener.close()
        if self.link:
            self.link.close()
