# SPDX-License-Identifier: Apache-2.0
"""A guest that runs one Python script on the host's own files.

The script sees the host's files at their own paths, read-only, but for one folder; instruments come
over USB/IP from the host, as for harness/guest.py.
"""

import pathlib
import shutil
import subprocess

from harness.guest import GOOD_END, PARTS, kernel_folder, libraries
from harness.process import NotInTime, Process
from harness.programs import program


class PythonGuest:
    """`command`: what runs, with absolute paths; it may write to `results`. `plugs`: PORT:BUSID."""

    def __init__(self, scratch, command, plugs):
        self.results = scratch.path("results")
        self.results.mkdir()
        self.log = scratch.path("python_guest.log")
        conf = (f"PLUGS='{' '.join(plugs)}'\nRESULTS='{self.results}'\n"
                f"COMMAND='{' '.join(str(word) for word in command)}'\n")
        root = self._make_root(scratch, conf)
        share = "local,path={},mount_tag={},security_model=none,multidevs=remap"
        self.process = Process(
            ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "768", "-smp", "1",
             "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
             "-kernel", kernel_folder() / "vmlinux", "-initrd", root,
             "-append", "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check",
             "-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0,romfile=",
             "-virtfs", share.format("/", "host") + ",readonly=on",
             "-virtfs", share.format(self.results, "results"),
             "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"], self.log)
        scratch.keep(self)

    def _make_root(self, scratch, conf):
        tree = scratch.path("python_root")
        for name in ("bin", "proc", "sys", "dev", "modules"):
            (tree / name).mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), tree / "bin/busybox")
        (tree / "bin/sh").symlink_to("busybox")
        for module in sorted((kernel_folder() / "modules").iterdir()):
            shutil.copy(module, tree / "modules")
        keeper = program("vhci_keep")
        for path in [keeper, *libraries(keeper)]:
            target = tree / ("bin/vhci_keep" if path == keeper else path.lstrip("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        (tree / "guest.conf").write_text(conf, encoding="utf-8")
        shutil.copy(PARTS / "python_init.sh", tree / "init")
        (tree / "init").chmod(0o755)
        root = scratch.path("python_root.cpio")
        with open(root, "wb") as archive:
            subprocess.run("find . | cpio -o -H newc -R 0:0 --quiet", shell=True, cwd=tree,
                           stdout=archive, check=True)
        return pathlib.Path(root)

    def run(self, seconds):
        """Until the script has ended, with success."""
        self.process.start()
        try:
            code = self.process.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise NotInTime(f"the guest hangs after {seconds} s\n{self.text()}") from None
        assert code == GOOD_END, f"the guest ended with {code}\n{self.text()}"
        return self.results

    def text(self):
        return self.process.text()[-8000:]

    def end(self):
        self.process.end()
