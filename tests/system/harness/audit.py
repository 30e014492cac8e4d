# SPDX-License-Identifier: Apache-2.0
"""`wattspool audit`, and its sums against the truth of the emulated instruments."""

import json

from harness.process import Process

TELEMETRY_TOLERANCE = 1e-12  # relative; each record's sums are correctly rounded


class Audit:
    """What the audit said. Counts are sums over devices of one lane."""

    def __init__(self, exit_code, text):
        self.exit_code = exit_code
        self.document = json.loads(text)
        self.holds = exit_code == 0 and self.document["ok"]

    def all_there(self):
        """Holds, or would if nothing had come twice: what at_least_once promises."""
        document = self.document
        spoilt = sum(document[f"records_{word}"]
                     for word in ("damaged", "malformed", "out_of_order"))
        lanes = [lane for parts in document["devices"].values() for lane in parts["lanes"].values()]
        return self.holds or (spoilt == 0 and self.missing() == 0
                              and all(lane["ok"] for lane in lanes))

    def lane(self, lane):
        counts = dict.fromkeys(("total", "delivered", "in_gaps", "missing", "twice"), 0)
        for device in self.document["devices"].values():
            for name in counts:
                counts[name] += device["lanes"].get(lane, {}).get(f"ids_{name}", 0)
        return counts

    def duplicated(self):
        return self.document["streams"]["records_duplicated"]

    def missing(self):
        return self.document["streams"]["records_missing"]

    def devices(self):
        return sorted(self.document["devices"])

    def ranges(self, device, lane):
        found = self.document["devices"][device]["lanes"][lane]["delivered_ranges"]
        return [(one["sample_id_first"], one["sample_id_last"]) for one in found]

    def findings(self):
        found = self.document["findings"] + self.document["streams"]["findings"]
        for device, parts in self.document["devices"].items():
            for lane, counts in parts["lanes"].items():
                found += [f"{device} {lane}: {text}" for text in counts["findings"]]
        return found


def run_audit(agent, *words):
    """Reads the topics to their ends. Raises when there was no answer."""
    answer = agent.ask("audit", "--json", *words, check=False)
    if answer.returncode not in (0, 1):
        raise AssertionError(f"audit: exit code {answer.returncode}\n{answer.stderr}")
    return Audit(answer.returncode, answer.stdout)


class FollowingAudit:
    """Reads along from the beginning: for brokers that keep little."""

    def __init__(self, scratch, agent):
        self.process = Process(agent.command("audit", "--json", "--follow", "--no-transactions"),
                               scratch.path("audit.log"), pipes=True)
        scratch.keep(self)
        self.process.start()

    def finish(self):
        self.process.child.terminate()
        text, _ = self.process.child.communicate(timeout=60)
        code = self.process.child.returncode
        if code not in (0, 1):
            raise AssertionError(f"audit: exit code {code}\n{self.process.text()}")
        return Audit(code, text)

    def end(self):
        self.process.end()


def _relative(value, truth):
    return abs(value - truth) / abs(truth) if truth else abs(value)


def compare_with_truth(audit, emulators):
    """[(device, lane, what, measured, true, agrees)] over exactly the ids that were delivered."""
    rows = []
    for emulator in emulators:
        for serial in emulator.serials:
            device = f"{emulator.model}-{serial}"
            energy = audit.document["devices"][device]["energy"]
            truth = emulator.truth(serial, audit.ranges(device, "telemetry"))
            for what, name in (("charge", "charge__C"), ("energy", "energy__J")):
                value = energy[f"telemetry_{name.replace('__', '_').lower()}"]
                rows.append((device, "telemetry", what, value, truth[name],
                             _relative(value, truth[name]) <= TELEMETRY_TOLERANCE))
            if "exact_power_sum" not in energy:
                continue
            truth = emulator.truth(serial, audit.ranges(device, "waveform"))
            rows.append((device, "waveform", "samples", energy["samples"], truth["sample_count"],
                         energy["samples"] == truth["sample_count"]))
            for quantity in ("current", "voltage", "power"):
                value, true = energy[f"exact_{quantity}_sum"], truth[f"{quantity}_sum"]
                rows.append((device, "waveform", f"exact sum of {quantity}", value, true,
                             value == true))
    return rows


