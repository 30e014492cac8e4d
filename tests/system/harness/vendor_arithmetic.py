# SPDX-License-Identifier: Apache-2.0
"""What the vendor's driver makes of samples, from the protocol sheets and not from any driver.

JS220: its statistics are the instrument's integers (sheet, section 8). JS110: words are calibrated
by the host, which also delays them and cuts them to 2^-30 (sheet, sections 7, 9, 10 and 12).
"""

import math

import numpy as np

VALUES_PER_S = 1_000_000  # JS220
WORDS_PER_S = 2_000_000  # JS110
DELAY_WORDS = 63  # of the JS110's filter, which begins with missing samples
CURRENT = [(-2806.7177734375, 0.0006828914629295468),  # the vendor's test calibration
           (-2822.66455078125, 0.00016375303675886244),
           (-2820.881103515625, 1.462617456127191e-05),
           (-2822.6201171875, 1.4937617152099847e-06),
           (-2820.462646484375, 1.4970493111832184e-07),
           (-2820.58251953125, 1.4983887908215365e-08),
           (-2818.677001953125, 1.4984542495710684e-09),
           (0.0, 0.0)]
VOLTAGE = (-1150.5926513671875, 0.0009468112839385867)  # 15 V


def toward_zero(numerator, denominator):
    quotient = abs(numerator) // denominator
    return quotient if numerator >= 0 else -quotient


def to_f64(number, fraction_bits):
    """Of 128 bits: the upper 64 significant ones count."""
    if number == 0:
        return 0.0
    shift = 128 - abs(number).bit_length()
    value = math.ldexp(float(abs(number) << shift >> 64), 64 - fraction_bits - shift)
    return value if number > 0 else -value


def total(numbers):
    """Of integers, without a bound."""
    return sum(int(part.sum()) for part in np.array_split(numbers, 1 + len(numbers) // 512))


def sum_of_squares(numbers):
    return sum(number * number for number in numbers.tolist())


def deviation(total_of, squares, count, fraction_bits):
    d = total_of * total_of // count
    return 0.0 if squares < d else math.sqrt(to_f64((squares - d) // count, 2 * fraction_bits))


class Js220Block:
    """The statistics of these values, as the vendor's driver tells them."""

    def __init__(self, current, voltage):
        power = current.astype(np.float64) * voltage.astype(np.float64)
        self.signals = {"current": self.signal(current.astype(np.float64), 31),
                        "voltage": self.signal(voltage.astype(np.float64), 31),
                        "power": self.signal(power, 27)}

    @staticmethod
    def signal(values, bits):
        numbers = np.rint(np.ldexp(values, bits)).astype(np.int64)
        sum_of = total(numbers)
        return {"avg": float(sum_of) * (1.0 / float(len(values) << bits)),
                "std": deviation(sum_of, sum_of_squares(numbers), len(values), bits),
                "min": math.ldexp(float(numbers.min()), -bits),
                "max": math.ldexp(float(numbers.max()), -bits)}


def js220_integrals(current, voltage):
    """(charge, energy), each (as float, integer of 2^-31)."""
    power = current.astype(np.float64) * voltage.astype(np.float64)
    sums = [total(np.rint(np.ldexp(values.astype(np.float64), 31)).astype(np.int64))
            for values in (current, power)]
    return [(to_f64(sum_of, 31) / VALUES_PER_S, toward_zero(sum_of, VALUES_PER_S))
            for sum_of in sums]


class Js110Samples:
    """Calibrated words: what is there before the vendor's driver streams them."""

    def __init__(self, words):
        codes = (words & 3) | (words >> 16 & 1) << 2
        offset, gain = (np.array(column)[codes] for column in zip(*CURRENT))
        amperes = ((words >> 2 & 0x3FFF).astype(np.float64) + offset) * gain
        volts = ((words >> 18).astype(np.float64) + VOLTAGE[0]) * VOLTAGE[1]
        self.current = amperes.astype(np.float32)
        self.voltage = volts.astype(np.float32)
        self.power = (amperes * volts).astype(np.float32)

    def statistics(self, first, end):
        """Of the block of outputs [first, end), filter off: only what is not missing counts."""
        span = slice(max(first - DELAY_WORDS, 0), end - DELAY_WORDS)
        found = {}
        for name in ("current", "voltage", "power"):
            values = getattr(self, name)[span].astype(np.float64)
            numbers = np.trunc(np.ldexp(values, 31)).astype(np.int64)
            found[name] = {"avg": float(np.add.accumulate(values)[-1]) / len(values),
                           "std": deviation(total(numbers), sum_of_squares(numbers), len(values),
                                            31),
                           "min": float(values.min()), "max": float(values.max())}
        return found

    def integrals(self, end):
        """(charge, energy) of the outputs [0, end): integers of 2^-31."""
        return [toward_zero(total(np.trunc(np.ldexp(values[:end - DELAY_WORDS].astype(np.float64),
                                                    31)).astype(np.int64)), WORDS_PER_S)
                for values in (self.current, self.power)]

    @staticmethod
    def streamed(values):
        """The output of the stream: late by the filter, in steps of 2^-30."""
        steps = np.trunc(np.ldexp(values, 30)).astype(np.int64)
        late = np.full(DELAY_WORDS, np.nan, np.float32)
        return np.concatenate([late, np.ldexp(steps.astype(np.float32), -30)])


def exact_sums(current, voltage):
    """Sums of float32 values and of their products, as `wattspool emulate --truth` writes them."""
    amperes = [int(math.ldexp(value, 149)) for value in current.tolist()]
    volts = [int(math.ldexp(value, 149)) for value in voltage.tolist()]
    products = sum(i * v for i, v in zip(amperes, volts))
    return {"current_sum": text(sum(amperes), 149), "voltage_sum": text(sum(volts), 149),
            "power_sum": text(products, 298)}


def text(number, fraction_bits):
    """Sign, hex digits of an odd number, p, exponent of two."""
    if number == 0:
        return "0p0"
    zeros = (number & -number).bit_length() - 1
    return f"{'-' if number < 0 else ''}{abs(number) >> zeros:x}p{zeros - fraction_bits}"
