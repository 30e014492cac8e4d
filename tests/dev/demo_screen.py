# SPDX-License-Identifier: Apache-2.0
"""What the demo shows: one line for each act, and the status screen under it."""

import os
import shutil
import sys
import time

REDRAW_S = 0.5


class Screen:
    """On a terminal the status is redrawn in place; elsewhere show() prints it."""

    def __init__(self, status_text, out=sys.stdout):
        self.status_text = status_text
        self.out = out
        self.live = out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.begin = time.monotonic()

    def act(self, text):
        self._print(f"[{time.monotonic() - self.begin:5.1f} s] {text}")

    def detail(self, text):
        self._print(f"          {text}")

    def show(self):
        """The status once, for whoever reads a log."""
        if not self.live:
            for line in self._lines():
                self.detail(line)

    def watch(self, condition, seconds):
        """Until the condition holds or the time is over; says which. Redraws on a terminal."""
        deadline = time.monotonic() + seconds
        drawn = 0
        while True:
            if self.live:
                drawn = self._draw(drawn)
            if condition():
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(REDRAW_S)

    def watch_for(self, seconds):
        self.watch(lambda: False, seconds)

    def _lines(self):
        return [line for line in self.status_text().splitlines() if line]

    def _draw(self, drawn):
        columns = shutil.get_terminal_size().columns
        text = f"\x1b[{drawn}A\x1b[J" if drawn else ""
        lines = [f"          {line}"[:columns - 1] for line in self._lines()]
        self._print(text + "\n".join(lines))
        return len(lines)

    def _print(self, text):
        print(text, file=self.out, flush=True)
