# SPDX-License-Identifier: Apache-2.0
"""The vendor's own driver, on a real kernel's USB stack, takes our emulators for instruments.

Usage: [SESSIONS]. It scans, opens, configures, streams, reads statistics and closes both models,
and warns of nothing. Each sample that it delivers is the one that was played, bit for bit; its sums
differ from ours, which are exact, by no more than the protocol sheets say.
"""

import json
import math
import subprocess
import sys
import unittest

import numpy as np
from harness import vendor_arithmetic as vendor
from harness.emulator import Emulator
from harness.machine import PARTS
from harness.programs import program
from harness.python_guest import PythonGuest
from harness.scratch import Scratch

SESSIONS = int(sys.argv.pop(1)) if sys.argv[1:] else 1
LOAD = "ble"
# Of the instruments' clocks. The emulated processor needs 8 us for a word of a JS110, and a JS110's
# packet that is lost is a warning.
TIME_SCALE = "0.05"
GUEST_S = 100 + 20 * SESSIONS
WARNING = 30  # logging.WARNING
Q31 = 2.0 ** -31
Q27 = 2.0 ** -27


class VendorDriver(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = cls.enterClassContext(Scratch("vendor"))
        source = ["--load", LOAD, "--time-scale", TIME_SCALE]
        cls.js220 = Emulator(cls.scratch, ["000001"], source, name="js220", listen=True)
        cls.js110 = Emulator(cls.scratch, ["000002"], source, name="js110", listen=True,
                             model="js110")
        plugs = cls.js220.start().plugs() + cls.js110.start().plugs()
        cls.results = cls.scratch.path("results")
        script = PARTS / "vendor_session.py"
        guest = PythonGuest(cls.scratch, [sys.executable, script, cls.results, SESSIONS], plugs)
        guest.run(GUEST_S)
        print(guest.text(), flush=True)
        with open(cls.results / "run.json", encoding="utf-8") as file:
            cls.run_document = json.load(file)

    def sessions(self, model):
        """(document, current, voltage) of each; the samples of a signal follow each other."""
        for number in range(SESSIONS):
            folder = self.results / f"{model}-{number}"
            with open(folder / "session.json", encoding="utf-8") as file:
                document = json.load(file)
            step = 2 if model == "js220" else 1
            for parts in document["parts"].values():
                for (first, factor, count), (next_first, *_) in zip(parts, parts[1:]):
                    self.assertEqual(factor, step)
                    self.assertEqual(next_first, first + count * step)
            yield document, *(np.fromfile(folder / f"{name}.f32", np.float32) for name in "iv")

    def played(self, model, serial, first, count, dtype):
        path = self.scratch.path(f"{model}.played")
        subprocess.run([program("played"), model, serial, LOAD, str(first), str(count), path],
                       check=True)
        return np.fromfile(path, dtype)

    def check_signals(self, told, expected):
        for name, signal in expected.items():
            for figure, value in signal.items():
                self.assertEqual(told["signals"][name][figure]["value"], value, (name, figure))

    def check_sums(self, emulator, ids, current, voltage):
        """Ours: exact."""
        truth = emulator.truth(emulator.serials[0], [ids])
        for name, value in vendor.exact_sums(current, voltage).items():
            self.assertEqual(truth[name], value)
        return truth

    def test_it_finds_both_and_warns_of_nothing(self):
        for scan in self.run_document["scans"]:
            self.assertEqual(scan, ["u/js110/000002", "u/js220/000001"])
        self.assertEqual(len(self.run_document["scans"]), 2 * SESSIONS)
        lines = self.run_document["log"]
        self.assertEqual([line for line in lines if line[0] >= WARNING], [])
        opened = [line for _, line in lines if line == "open complete"]
        self.assertEqual(len(opened), 2 * SESSIONS, "its log was not collected")

    def test_js220_samples_and_statistics(self):
        for document, current, voltage in self.sessions("js220"):
            self.assertEqual(document["answers"]["version"], 0x0103_0000)
            first_i, first_v = (document["parts"][name][0][0] for name in "iv")
            first = max(first_i, first_v)
            current = current[(first - first_i) // 2:]
            voltage = voltage[(first - first_v) // 2:]
            count = min(len(current), len(voltage))
            self.assertGreaterEqual(count, 40_000)
            pairs = self.played("js220", "000001", first // 2, count, np.float32).reshape(-1, 2)
            for got, column in ((current, 0), (voltage, 1)):
                differ = got[:count].view(np.uint32) != pairs[:, column].copy().view(np.uint32)
                self.assertEqual(np.flatnonzero(differ).tolist()[:10], [], "bits differ")
            blocks = 0
            for told in document["statistics"]["stats"]:
                begin, end = ((one - first) // 2 for one in told["time"]["samples"]["value"])
                origin = (told["time"]["accum_samples"]["value"][0] - first) // 2
                if origin < 0 or end > count:
                    continue
                blocks += 1
                self.check_js220_block(told, current, voltage, (origin, begin, end))
            self.assertGreaterEqual(blocks, 2)

    def check_js220_block(self, told, current, voltage, span):
        origin, begin, end = span
        self.check_signals(told, vendor.Js220Block(current[begin:end], voltage[begin:end]).signals)
        integrals = vendor.js220_integrals(current[origin:end], voltage[origin:end])
        for name, (value, integer) in zip(("charge", "energy"), integrals):
            self.assertEqual(told["accumulators"][name]["value"], value)
            self.assertEqual(told["accumulators"][name]["int_value"], integer)
        ids = (told["time"]["accum_samples"]["value"][0], told["time"]["samples"]["value"][1] - 1)
        truth = self.check_sums(self.js220, ids, current[origin:end], voltage[origin:end])
        # Current is exact in the instrument's integers; a product is rounded to 2^-31.
        self.assertAlmostEqual(told["accumulators"]["charge"]["value"], truth["charge__C"],
                               delta=1e-15 * abs(truth["charge__C"]))
        rounding = (end - origin) * Q31 / 2 / vendor.VALUES_PER_S
        self.assertAlmostEqual(told["accumulators"]["energy"]["value"], truth["energy__J"],
                               delta=rounding)
        for name in ("charge__C", "energy__J"):
            integer = told["accumulators"][name.split("__", 1)[0]]["int_value"]
            self.assertAlmostEqual(integer * Q31, truth[name], delta=Q31 + rounding)

    def test_js110_samples_and_statistics(self):
        for document, current, voltage in self.sessions("js110"):
            # The stream has begun when the second signal is switched on.
            first = [document["parts"][name][0][0] for name in "iv"]
            self.assertEqual(first[0], 0)
            count = min(len(current), first[1] + len(voltage))
            self.assertGreaterEqual(count - first[1], 40_000)
            words = self.played("js110", "000002", 0, count, np.uint32)
            samples = vendor.Js110Samples(words)
            for got, values, begin in ((current, samples.current, first[0]),
                                       (voltage, samples.voltage, first[1])):
                # A NaN is a NaN, whatever its other bits are.
                np.testing.assert_array_equal(got[:count - begin],
                                              samples.streamed(values)[begin:count])
            sent = count - vendor.DELAY_WORDS
            self.check_sums(self.js110, (0, sent - 1), samples.current[:sent],
                            samples.voltage[:sent])
            blocks = 0
            for told in document["statistics"]["stats"]:
                begin, end = told["time"]["samples"]["value"]
                if end <= count:
                    blocks += 1
                    self.check_js110_block(told, samples, begin, end)
            self.assertGreaterEqual(blocks, 2)

    def check_js110_block(self, told, samples, begin, end):
        self.check_signals(told, samples.statistics(begin, end))
        words = end - vendor.DELAY_WORDS
        truth = self.js110.truth("000002", [(0, words - 1)])
        # The vendor's driver cuts each sample to 2^-31, and then the sum.
        cut = words * Q31 / vendor.WORDS_PER_S + Q31
        integers = samples.integrals(end)
        for name, integer in zip(("charge__C", "energy__J"), integers):
            said = told["accumulators"][name.split("__", 1)[0]]
            self.assertEqual(said["int_value"], integer)
            self.assertAlmostEqual(integer * Q31, truth[name], delta=cut)

    def test_js110_reads_the_statistics_of_the_instrument_itself(self):
        document, *_ = next(self.sessions("js110"))
        told = document["statistics"]["sstats"][0]
        window = 1_000_000
        self.assertEqual(told["time"]["decimate_sample_count"]["value"], window)
        words = self.played("js110", "000002", 0, window, np.uint32)
        samples = vendor.Js110Samples(words)
        truth = self.check_sums(self.js110, (0, window - 1), samples.current, samples.voltage)
        steps = {"current": 27, "voltage": 17, "power": 21}
        for name, bits in steps.items():
            signal = told["signals"][name]
            values = getattr(samples, name).astype(np.float64)
            for figure in ("min", "max"):
                value = np.rint(math.ldexp(getattr(values, figure)(), bits))
                self.assertEqual(signal[figure]["value"], math.ldexp(value, -bits))
            mean = math.fsum(values.tolist()) / window
            self.assertAlmostEqual(signal["avg"]["value"], mean, delta=2.0 ** -bits)
        for name in ("charge__C", "energy__J"):
            said = told["accumulators"][name.split("__", 1)[0]]["value"]
            self.assertAlmostEqual(said, truth[name], delta=Q27)


if __name__ == "__main__":
    unittest.main()
