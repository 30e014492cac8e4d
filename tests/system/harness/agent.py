# SPDX-License-Identifier: Apache-2.0
"""The daemon with its configuration, and the CLI that asks it."""

import json
import signal
import subprocess

from harness.process import PATIENCE_S, Process, wait_for
from harness.programs import program

CONFIG = """\
[agent]
id = "{agent_id}"
[spool]
path = "{spool}"
quota = "{quota}"
[memory]
ring = "{ring}"
[waveform]
rate = "{waveform}"
[kafka]
brokers = [{brokers}]
[forward]
delivery = "{delivery}"
[forward.backoff]
max = "1s"
[topics]
prefix = "{prefix}"
[control]
socket = "{socket}"
[metrics]
listen = "{metrics}"
"""
INSTRUMENT = """\
[[instrument]]
id = "{}"
port = "{}"
"""


class CliFailed(Exception):
    """A call of the CLI ended with another code than 0."""


class Agent:
    """One spool and whoever serves it. Settings are those of CONFIG; the rest has its default."""

    def __init__(self, scratch, name="agent", env=None, **settings):
        self.scratch = scratch
        self.config = scratch.path(f"{name}.toml")
        self.socket = scratch.socket(f"{name}.sock")
        self.spool = scratch.path(f"{name}.db")
        self.instruments = list(settings.pop("instruments", []))
        self.settings = {
            "agent_id": name, "spool": self.spool, "quota": "2GiB", "ring": "8MiB",
            "waveform": "full",
            "brokers": "", "delivery": "exactly_once", "prefix": "bench.", "socket": self.socket,
            "metrics": "off",
            **settings}
        if self.settings["brokers"]:
            self.settings["brokers"] = f'"{self.settings["brokers"]}"'
        self.configure(self.instruments)
        self.process = Process([program("wattspoold"), "--config", self.config],
                               scratch.path(f"{name}.log"), env)
        scratch.keep(self)

    def configure(self, instruments):
        text = CONFIG.format(**self.settings)
        text += "".join(INSTRUMENT.format(*instrument) for instrument in instruments)
        self.config.write_text(text, encoding="utf-8")

    def start(self, wait=True):
        self.process.start()
        if wait:
            self.wait_until(lambda status: status["pid"] == self.process.pid, "it answers")
        return self

    def end(self):
        self.process.end()

    def stop(self, seconds=PATIENCE_S):
        return self.process.stop(seconds)

    def kill(self):
        self.process.kill()

    def hang(self):
        self.process.send(signal.SIGSTOP)

    def resume(self):
        self.process.send(signal.SIGCONT)

    # The CLI.

    def command(self, *words):
        return [program("wattspool"), "--config", str(self.config), *map(str, words)]

    def ask(self, *words, check=True):
        answer = subprocess.run(self.command(*words), capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, check=False)
        if check and answer.returncode != 0:
            raise CliFailed(f"wattspool {' '.join(map(str, words))}: exit code "
                            f"{answer.returncode}\n{answer.stdout}{answer.stderr}")
        return answer

    def status(self):
        """Of the living daemon; None when it does not answer."""
        answer = self.ask("status", "--json", check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def run(self, action, instrument, *words):
        return self.ask("run", action, *words, instrument)

    def spool_info(self):
        return json.loads(self.ask("spool", "info", "--json").stdout)

    # Conditions.

    def wait_until(self, condition, what, seconds=PATIENCE_S):
        def look():
            if not self.process.running():
                raise CliFailed(f"the daemon has ended while waiting: {what}\n"
                                f"{self.process.text()[-3000:]}")
            status = self.status()
            return status if status and condition(status) else None
        return wait_for(look, f"{what}; its log is {self.process.log}", seconds, 0.05)

    def wait_streaming(self):
        return self.wait_until(
            lambda status: all(one["state"] == "streaming" and one["values_total"] > 0
                               for one in status["instruments"]), "all instruments stream")

    def unsent_rows(self):
        """In the file, whether or not the daemon lives."""
        info = self.spool_info()
        return info["state_values_unacked"] + sum(
            lane["unacked_rows"] for lane in info["lanes"].values())

    def drain(self, seconds=PATIENCE_S):
        """Stops the instruments' side, so that what was recorded can arrive whole; then stops."""
        if self.process.running():
            self.stop()
        if self.unsent_rows():
            self.configure([])
            self.start()
            self.wait_until(lambda status: self.unsent_rows() == 0, "the spool is drained", seconds)
            self.stop()
            self.configure(self.instruments)
