# SPDX-License-Identifier: Apache-2.0
"""One process: started, killed, told to stop, waited for; what it says goes to a file."""

import ctypes
import os
import signal
import subprocess
import time

PATIENCE_S = 60  # for what takes a moment on a quiet machine
PR_SET_PDEATHSIG = 1


class NotInTime(Exception):
    """A condition did not come true; the message says which."""


def wait_for(condition, what, seconds=PATIENCE_S, poll_s=0.02):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise NotInTime(f"not within {seconds} s: {what}")
        time.sleep(poll_s)


def _die_with_parent():
    # A test that ctest ends by its time limit leaves nothing behind.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """May be started again after its end. `log` collects the output of all its lives."""

    def __init__(self, command, log, env=None, pipes=False):
        self.command = [str(part) for part in command]
        self.log = log
        self.env = {**os.environ, **(env or {})}
        self.pipes = pipes
        self.child = None

    def start(self):
        assert not self.running(), f"{self.command[0]} runs already"
        pipe = subprocess.PIPE if self.pipes else None
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                self.command, stdin=pipe or subprocess.DEVNULL, stdout=pipe or log, stderr=log,
                text=True, env=self.env, preexec_fn=_die_with_parent)
        return self

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child is not None and self.child.poll() is None

    def send(self, number):
        self.child.send_signal(number)

    def kill(self):
        """kill -9."""
        if self.running():
            self.child.kill()
        self.child.wait()

    def stop(self, seconds=PATIENCE_S):
        """SIGTERM; returns the exit code. Ends it the hard way when it does not obey."""
        if self.running():
            self.child.terminate()
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise NotInTime(f"{self.command[0]} did not end {seconds} s after SIGTERM") from None

    def end(self):
        """For clean-up: whatever its state is."""
        if self.child is None:
            return
        if self.running():
            self.child.kill()
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout):
            if stream:
                stream.close()

    def text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""
