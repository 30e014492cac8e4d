# SPDX-License-Identifier: Apache-2.0
"""A machine with a real kernel: Debian's, in QEMU without hardware acceleration.

It has the built programs and what they are linked against, a disk of its own for the spool, and the
host's loopback at 10.0.2.2. Instruments come over USB/IP (tests/system/usb_kernel).
"""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import threading

from harness.process import Process, wait_for
from harness.programs import ROOT, program

PARTS = ROOT / "tests" / "system" / "usb_kernel"
RULES = ROOT / "packaging" / "60-wattspool.rules"
GOOD_END = 33  # QEMU's exit code; a panic and a power-off are 0
DISK_MIB = 512
CONFIG = """\
[agent]
id = "guest"
[spool]
path = "/data/spool.db"
quota = "{quota}"
[memory]
ring = "8MiB"
[waveform]
rate = "{waveform}"
[kafka]
brokers = [{brokers}]
[topics]
prefix = "bench."
[status]
file = "/run/status.json"
[control]
socket = "/run/control.sock"
"""
INSTRUMENT = """\
[[instrument]]
id = "{}"
port = "usb"
"""


def kernel_folder():
    answer = subprocess.run([PARTS / "fetch_kernel.sh"], stdout=subprocess.PIPE, text=True,
                            check=True)
    return pathlib.Path(answer.stdout.strip().splitlines()[-1])


def libraries(path):
    answer = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", answer.stdout)


class Guest:
    """`ports`: (USB/IP port, bus ids) of the emulators' server on the host."""

    def __init__(self, scratch, instruments, usbip_port, brokers="", waveform="full", udev=False):
        self.scratch = scratch
        self.log = scratch.path("guest.log")
        self.disk = scratch.path("disk.img")
        self.last = None
        self.link = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        bus_ids = " ".join(f"1-{k + 1}" for k in range(len(instruments)))
        config = CONFIG.format(quota="384MiB", waveform=waveform,
                               brokers=f'"{brokers}"' if brokers else "")
        config += "".join(INSTRUMENT.format(one) for one in instruments)
        port = self.listener.getsockname()[1]
        conf = f"USBIP_PORT={usbip_port}\nCONTROL_PORT={port}\nBUS_IDS='{bus_ids}'\n"
        texts = {"etc/wattspool.toml": config, "guest.conf": conf,
                 "etc/passwd": "root:x:0:0::/:/bin/sh\nwattspool:x:900:900::/:/bin/sh\n",
                 "etc/group": "root:x:0:\nwattspool:x:900:\n",
                 "etc/nsswitch.conf": "passwd: files\ngroup: files\n"}
        if udev:
            texts["guest.conf"] += "UDEV=1\n"
            texts["etc/udev/rules.d/60-wattspool.rules"] = RULES.read_text(encoding="utf-8")
        self._make_disk()
        self._make_root(texts, [program("wattspoold"), program("wattspool"), program("vhci_keep")]
                        + (["/bin/udevadm"] if udev else []))
        kernel = kernel_folder()
        self.process = Process(
            ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "512", "-nodefaults",
             "-no-user-config", "-display", "none", "-no-reboot", "-kernel", kernel / "vmlinux",
             "-initrd", self.root, "-append", "console=ttyS0 quiet panic=-1 mitigations=off",
             "-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0,romfile=",
             "-drive", f"file={self.disk},format=raw,if=none,id=d0,cache=unsafe",
             "-device", "virtio-blk-pci,drive=d0",
             "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"], self.log)
        scratch.keep(self)

    def _make_disk(self):
        with open(self.disk, "wb") as disk:
            disk.truncate(DISK_MIB << 20)
        subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum", self.disk],
                       check=True)

    def _make_root(self, texts, programs):
        tree = self.scratch.path("root")
        for name in ("bin", "proc", "sys", "dev", "tmp", "run", "data", "etc", "modules"):
            (tree / name).mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), tree / "bin/busybox")
        (tree / "bin/sh").symlink_to("busybox")
        for module in sorted((kernel_folder() / "modules").iterdir()):
            shutil.copy(module, tree / "modules")
        for path in programs:
            name = pathlib.Path(path).name
            subprocess.run(["strip", "-g", "-o", tree / "bin" / name, path], check=True)
            for library in libraries(path):
                target = tree / library.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    shutil.copy(library, target)
        for name, text in texts.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text, encoding="utf-8")
        shutil.copy(PARTS / "guest_init.sh", tree / "init")
        (tree / "init").chmod(0o755)
        self.root = self.scratch.path("root.cpio")
        with open(self.root, "wb") as archive:
            subprocess.run("find . | cpio -o -H newc -R 0:0 --quiet", shell=True, cwd=tree,
                           stdout=archive, check=True)

    def start(self):
        self.process.start()
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self):
        self.link, _ = self.listener.accept()
        with self.link.makefile(encoding="utf-8") as lines:
            for line in lines:
                self.last = json.loads(line)

    def wait_until(self, condition, what, seconds=60):
        """Of the newest status of the daemon in the guest."""
        def look():
            assert self.process.running(), f"the guest has ended\n{self.text()}"
            return self.last and condition(self.last) and self.last
        return wait_for(look, f"{what}; {self.log}; last status {self.last}", seconds, 0.05)

    def instrument(self, status, instrument):
        return next(one for one in status["instruments"] if one["id"] == instrument)

    def stop(self):
        """SIGTERM for the daemon, then the end of the machine. Its disk can be read afterwards."""
        self.link.sendall(b"stop\n")
        code = self.process.child.wait(60)
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
