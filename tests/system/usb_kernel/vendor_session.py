# SPDX-License-Identifier: Apache-2.0
"""In the guest: the vendor's own driver uses the instruments that are plugged in.

Usage: vendor_session.py RESULTS COUNT. COUNT sessions with each: a new driver, scan, open,
configure, stream, statistics, close. What it received and what it logged goes to RESULTS.
"""

import json
import logging
import pathlib
import sys
import threading
import time

import numpy
from pyjoulescope_driver import Driver

VALUES_MIN = 50_000  # of each signal
BLOCKS_MIN = 3
PATIENCE_S = 40  # the processor is an emulated one
DEVICES = 2


class Log(logging.Handler):
    """Everything that the driver says, of every level."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append([record.levelno, record.getMessage()])
        if record.levelno >= logging.WARNING:
            print(record.getMessage(), flush=True)


class Session:
    def __init__(self, driver, device, results):
        self.driver = driver
        self.device = device
        self.results = results
        self.changed = threading.Condition()
        self.signals = {"i": [], "v": []}
        self.statistics = {"stats": [], "sstats": []}
        self.answers = {}
        self.begin = time.monotonic()

    def say(self, what):
        print(f"{time.monotonic() - self.begin:6.2f} s {self.device}: {what}", flush=True)

    def publish(self, topic, value):
        self.driver.publish(f"{self.device}/{topic}", value, timeout=PATIENCE_S)

    def subscribe(self, topic, function):
        self.driver.subscribe(f"{self.device}/{topic}", "pub", function, timeout=PATIENCE_S)

    def on_samples(self, topic, value):
        # The array is the driver's own memory.
        part = (value["sample_id"], value["decimate_factor"], numpy.array(value["data"]))
        with self.changed:
            self.signals[topic.split("/")[-2]].append(part)
            self.changed.notify()

    def on_statistics(self, topic, value):
        with self.changed:
            self.statistics[topic.split("/")[-2]].append(value)
            self.changed.notify()

    def on_inputs(self, _, value):
        with self.changed:
            self.answers["inputs"] = value
            self.changed.notify()

    def wait_for(self, condition, what):
        with self.changed:
            if not self.changed.wait_for(condition, PATIENCE_S):
                raise TimeoutError(f"{self.device}: not within {PATIENCE_S} s: {what}")

    def enough(self):
        parts = self.signals.values()
        if not all(parts) or min(sum(len(part[2]) for part in one) for one in parts) < VALUES_MIN:
            return False
        end = min(one[-1][0] + len(one[-1][2]) * one[-1][1] for one in parts)
        inside = [one for one in self.statistics["stats"]
                  if one["time"]["samples"]["value"][1] <= end]
        return len(inside) >= BLOCKS_MIN

    def read_own_statistics(self):
        """Of a JS110, which needs no stream for them; they take 0.5 s of its own time."""
        self.subscribe("s/sstats/value", self.on_statistics)
        self.wait_for(lambda: self.statistics["sstats"], "the instrument's own statistics")

    def stream(self):
        self.subscribe("s/i/!data", self.on_samples)
        self.subscribe("s/v/!data", self.on_samples)
        self.subscribe("s/stats/value", self.on_statistics)
        for topic in ("s/i/ctrl", "s/v/ctrl"):
            self.publish(topic, 1)
        # A JS220's integrals begin here: all their samples are to be among the received.
        self.wait_for(lambda: all(self.signals.values()), "samples")
        self.publish("s/stats/ctrl", 1)
        self.wait_for(self.enough, "samples and statistics")
        for topic in ("s/stats/ctrl", "s/v/ctrl", "s/i/ctrl"):
            self.publish(topic, 0)

    def run(self, number):
        # Odd ones ask the instrument for its settings.
        mode = "restore" if number % 2 else "defaults"
        self.driver.open(self.device, mode=mode, timeout=PATIENCE_S)
        self.say("open")
        if "/js220/" in self.device:
            self.answers["version"] = self.driver.query(f"{self.device}/c/fw/version")
            self.publish("s/i/range/mode", "auto")
            self.publish("s/stats/scnt", 10_000)
            self.publish("h/fp", 200)  # messages with samples, a second
        else:
            if number == 0:
                self.read_own_statistics()
            self.publish("s/i/range/select", "auto")
            self.publish("s/i/range/mode", "off")  # no smoothing where the range changes
            self.publish("s/stats/scnt", 20_000)
        self.subscribe("s/gpi/+/!value", self.on_inputs)
        self.publish("s/gpi/+/!req", 0)
        self.wait_for(lambda: "inputs" in self.answers, "the inputs' levels")
        self.say("configured")
        self.stream()
        self.say("streamed")
        self.driver.close(self.device, timeout=PATIENCE_S)

    def save(self):
        self.results.mkdir(parents=True)
        parts = {}
        for name, received in self.signals.items():
            numpy.concatenate([part[2] for part in received]).tofile(self.results / f"{name}.f32")
            parts[name] = [[first, factor, len(data)] for first, factor, data in received]
        document = {"parts": parts, "statistics": self.statistics, "answers": self.answers}
        (self.results / "session.json").write_text(json.dumps(document), encoding="utf-8")


def plugged_in():
    """Serial numbers of devices; the host controller's hubs have some too, of more letters."""
    found = []
    for path in pathlib.Path("/sys/bus/usb/devices").glob("*-*/serial"):
        found.append(path.read_text(encoding="ascii").strip())
    return found


def main(results, count):
    begin = time.monotonic()
    # Without udev the driver sees what is there when it starts, and nothing else.
    while len(plugged_in()) < DEVICES:
        time.sleep(0.05)
    log = Log()
    logging.getLogger().addHandler(log)
    logging.getLogger().setLevel(logging.DEBUG)
    scans = []
    for number in range(count):
        for position in range(DEVICES):
            with Driver() as driver:
                driver.log_level = "info"
                scans.append(sorted(driver.device_paths()))
                device = scans[-1][position]
                session = Session(driver, device, results / f"{device.split('/')[1]}-{number}")
                session.run(number)
            session.save()
            session.say(f"saved, {time.monotonic() - begin:.2f} s since the begin, "
                        f"{time.process_time():.2f} s of the processor")
    (results / "run.json").write_text(json.dumps({"scans": scans, "log": log.lines}),
                                      encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
