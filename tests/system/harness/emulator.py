# SPDX-License-Identifier: Apache-2.0
"""Emulated instruments in a process of their own, and the truth of their samples."""

import json
import re
import subprocess

from harness.process import Process, wait_for
from harness.programs import program


class Emulator:
    """Instruments that play one source. `source`: options of `wattspool emulate` that name it.

    `how`: `model`, js220 by default; `listen`: they are on USB/IP too, at `usbip_port`.
    """

    def __init__(self, scratch, serials, source, name="emulator", **how):
        self.model = how.get("model", "js220")
        self.serials = list(serials)
        self.source = [str(word) for word in source]
        self.socket = scratch.socket(f"{name}.sock")
        command = [program("wattspool"), "emulate", self.model, "--socket", self.socket,
                   *self.source]
        for serial in self.serials:
            command += ["--serial", serial]
        if how.get("listen"):
            command += ["--listen", "127.0.0.1:0"]
        self.process = Process(command, scratch.path(f"{name}.log"))
        scratch.keep(self)

    def start(self):
        self.process.start()
        wait_for(lambda: self.socket.exists() or not self.process.running(), "emulator's socket")
        assert self.process.running(), self.process.text()
        return self

    def end(self):
        self.process.end()

    @property
    def usbip_port(self):
        said = wait_for(lambda: re.search(r"USB/IP port (\d+)", self.process.text()), "USB/IP port")
        return int(said.group(1))

    def plugs(self):
        """What a guest attaches: PORT:BUSID of each instrument."""
        return [f"{self.usbip_port}:1-{k + 1}" for k in range(len(self.serials))]

    def instruments(self):
        """(instrument id, port) as the daemon's configuration wants them."""
        return [(f"{self.model}/{serial}", f"unix:{self.socket}") for serial in self.serials]

    def send(self, serial, words):
        """Tells an instrument what to do wrong, or asks it (drivers/EMULATOR.md)."""
        return subprocess.run(
            [program("wattspool"), "emulate", "--socket", self.socket, "--serial", serial,
             "--send", words], capture_output=True, text=True, check=True).stdout

    def truth(self, serial, ranges):
        """Exact sums of the samples of [(first id, last id)]: the `total` of --truth."""
        command = [program("wattspool"), "emulate", self.model, "--truth", "--json", *self.source,
                   "--serial", serial]
        for first, last in ranges:
            command += ["--ids", f"{first}:{last}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(answer.stdout)["total"]
