# SPDX-License-Identifier: Apache-2.0
"""A guest that runs one Python script on the host's own files.

The script sees the host's files at their own paths, read-only, but for one folder; instruments come
over USB/IP from the host, as for harness/guest.py.
"""

import subprocess

from harness.machine import GOOD_END, machine, make_root
from harness.process import NotInTime
from harness.programs import program


class PythonGuest:
    """`command`: what runs, with absolute paths; it may write to `results`. `plugs`: PORT:BUSID."""

    def __init__(self, scratch, command, plugs):
        self.results = scratch.path("results")
        self.results.mkdir()
        self.log = scratch.path("python_guest.log")
        conf = (f"PLUGS='{' '.join(plugs)}'\nRESULTS='{self.results}'\n"
                f"COMMAND='{' '.join(str(word) for word in command)}'\n")
        root = make_root(scratch.path("python_root"), "python_init.sh", [program("vhci_keep")],
                         {"guest.conf": conf})
        share = "local,path={},mount_tag={},security_model=none,multidevs=remap"
        self.process = machine(
            root, self.log, 768, "-smp", "1", "-virtfs", share.format("/", "host") + ",readonly=on",
            "-virtfs", share.format(self.results, "results"))
        scratch.keep(self)

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
