# SPDX-License-Identifier: Apache-2.0
"""A machine with a real kernel: Debian's, in QEMU without hardware acceleration.

Its root file system is put together from the host's files and lies in memory. The host's loopback
is 10.0.2.2 there. What it runs is a script of tests/system/usb_kernel.
"""

import pathlib
import re
import shutil
import subprocess

from harness.process import Process
from harness.programs import ROOT

PARTS = ROOT / "tests" / "system" / "usb_kernel"
GOOD_END = 33  # QEMU's exit code; a panic and a power-off are 0
FOLDERS = ("bin", "proc", "sys", "dev", "tmp", "run", "data", "etc", "modules")


def kernel_folder():
    answer = subprocess.run([PARTS / "fetch_kernel.sh"], stdout=subprocess.PIPE, text=True,
                            check=True)
    return pathlib.Path(answer.stdout.strip().splitlines()[-1])


def _libraries(path):
    answer = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", answer.stdout)


def _copy_program(path, tree):
    subprocess.run(["strip", "-g", "-o", tree / "bin" / pathlib.Path(path).name, path], check=True)
    for library in _libraries(path):
        target = tree / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy(library, target)


def make_root(tree, init, programs, texts):
    """An archive beside `tree`. `init`: a script of PARTS. `texts`: name in the guest -> text."""
    for name in FOLDERS:
        (tree / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), tree / "bin/busybox")
    (tree / "bin/sh").symlink_to("busybox")
    for module in sorted((kernel_folder() / "modules").iterdir()):
        shutil.copy(module, tree / "modules")
    for path in programs:
        _copy_program(path, tree)
    for name, text in texts.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")
    shutil.copy(PARTS / "guest_common.sh", tree)
    shutil.copy(PARTS / init, tree / "init")
    (tree / "init").chmod(0o755)
    archive = tree.with_suffix(".cpio")
    with open(archive, "wb") as file:
        subprocess.run("find . | cpio -o -H newc -R 0:0 --quiet", shell=True, cwd=tree,
                       stdout=file, check=True)
    return archive


def machine(root, log, memory_mib, *options, kernel_words=""):
    """Its process, not yet started. `options`: QEMU's, for what it has beside network and console.

    no_timer_check: on a busy host the kernel takes a late timer for a broken one, and panics.
    """
    words = "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check" + kernel_words
    return Process(
        ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", str(memory_mib),
         "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
         "-kernel", kernel_folder() / "vmlinux", "-initrd", root, "-append", words,
         "-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0,romfile=",
         "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-serial", "stdio", *options], log)
