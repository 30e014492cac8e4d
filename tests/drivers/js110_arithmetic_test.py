#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the JS110 once more, written from its protocol sheet (sections 7 and 9) and not
from the driver: 10^6 random words of all ranges, in both voltage ranges, equal bit for bit."""

import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import zlib

WORDS = 126 * 7937  # just over 10^6, whole packets
MAGIC = bytes.fromhex("D3746167666D74200D0A200A20201A1C")


def record(tag, payload):
    body = tag + b"\0" + struct.pack("<I", len(payload)) + payload
    body += b"\0" * (-(len(body) + 4) % 8)
    return body + struct.pack("<I", zlib.crc32(body))


def calibration_file(tables):
    # Python's json writes NaN as the vendor does: a bare word.
    text = json.dumps(tables).encode()
    assert b"NaN" in text
    records = record(b"HDR", bytes(40)) + record(b"AJS", text) + record(b"END", b"")
    head = MAGIC + struct.pack("<Q", 32 + len(records)) + b"\0\0\0\1"
    return head + struct.pack("<I", zlib.crc32(head)) + records


def random_tables(rng):
    nan = float("nan")
    gains = [6.83e-4 * rng.uniform(0.9, 1.1) / scale for scale in
             (1, 4.17, 46.7, 457, 4560, 45600, 456000)]
    return {
        "current": {"offset": [rng.uniform(-2900, -2700) for _ in range(7)] + [nan],
                    "gain": gains + [nan]},
        "voltage": {"offset": [rng.uniform(-1200, -1100), rng.uniform(-2100, -2000)],
                    "gain": [rng.uniform(9e-4, 1e-3), rng.uniform(2.8e-4, 3e-4)]}}


def random_words(rng):
    """Whole packets of one range, packets of all ranges, and missing words among both."""
    words = []
    for packet in range(WORDS // 126):
        one_range = rng.randrange(8) if packet % 2 else None
        for _ in range(126):
            word = rng.getrandbits(32)
            if one_range is not None:
                word = word & ~0x10003 | one_range & 3 | (one_range >> 2) << 16
            words.append(0xFFFFFFFF if rng.random() < 0.001 else word)
    return words


def convert(word, tables, voltage_range):
    if word == 0xFFFFFFFF:
        return float("nan"), float("nan")
    current_word, voltage_word = word & 0xFFFF, word >> 16
    current_range = current_word & 3 | (voltage_word & 1) << 2
    current = 0.0
    if current_range < 7:
        table = tables["current"]
        current = ((current_word >> 2) + table["offset"][current_range]) * \
            table["gain"][current_range]
    table = tables["voltage"]
    voltage = ((voltage_word >> 2) + table["offset"][voltage_range]) * table["gain"][voltage_range]
    return current, voltage


def check(tool, folder, seed, voltage_range):
    rng = random.Random(seed)
    tables = random_tables(rng)
    words = random_words(rng)
    paths = [os.path.join(folder, name) for name in ("calibration", "words")]
    for path, data in zip(paths, (calibration_file(tables),
                                  struct.pack(f"<{len(words)}I", *words))):
        with open(path, "wb") as file:
            file.write(data)
    told = subprocess.run([tool, *paths, str(voltage_range)], check=True,
                          stdout=subprocess.PIPE).stdout
    assert len(told) == 8 * len(words), (len(told), len(words))
    seen = set()
    for k, word in enumerate(words):
        current, voltage = convert(word, tables, voltage_range)
        if current != current:
            values = struct.unpack_from("<2f", told, 8 * k)
            assert values[0] != values[0] and values[1] != values[1], hex(word)
            continue
        seen.add(word & 3 | (word >> 16 & 1) << 2)
        assert told[8 * k:8 * k + 8] == struct.pack("<2f", current, voltage), \
            (hex(word), struct.unpack_from("<2f", told, 8 * k), current, voltage)
    assert seen == set(range(8)), seen
    print(f"voltage range {voltage_range}: {len(words)} words equal")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for range_of_voltage in (0, 1):
            check(sys.argv[1], scratch, 110 + range_of_voltage, range_of_voltage)
