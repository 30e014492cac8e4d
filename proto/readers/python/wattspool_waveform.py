# SPDX-License-Identifier: Apache-2.0
"""Reads values of bench.waveform.v1. Needs pyarrow and numpy, nothing else of wattspool.

    import wattspool_waveform
    table = wattspool_waveform.read(record_value)

A JS110 at full rate sends its raw words with its calibration; read() turns them into the rows
`current`, `voltage`, `current_range`, ... that other instruments send, bit for bit what the agent
measured with. Power is current * voltage in float32. Rows of other kinds are left as they are.
Whatever is wrong with a value is a ValueError that says what. From the contract in proto/README.md.
"""

import json
import math
import struct
import zlib

import numpy as np
import pyarrow as pa

MISSING = 0xFFFFFFFF  # a word, and a code, that never came
RANGE_MISSING = 8
RANGE_OFF = 7
_MAGIC = bytes.fromhex("d3746167666d74200d0a200a20201a1c")
_FILE_BYTES_MAX = 32_768
_ITEMS = {"values": np.float32, "codes": np.uint32, "run_lengths": np.uint32}
_UNITS = {"current": "A", "voltage": "V", "current_range": "", "gpi0": "", "gpi1": ""}


class Calibration:
    """Offsets (counts) and gains (A or V a count) by range: value = (raw + offset) * gain."""

    def __init__(self, current, voltage):
        self.current_offset, self.current_gain = (np.array(part, np.float64) for part in current)
        self.voltage_offset, self.voltage_gain = (np.array(part, np.float64) for part in voltage)

    @classmethod
    def unknown(cls):
        """Of an instrument that is not calibrated: all values are NaN."""
        return cls(([0.0] * 8, [math.nan] * 8), ([0.0] * 2, [math.nan] * 2))

    @classmethod
    def from_text(cls, text):
        """Of the metadata `wattspool.calibration`: hexadecimal, or "none"."""
        return cls.unknown() if text == "none" else cls.from_file(bytes.fromhex(text))

    @classmethod
    def from_file(cls, file):
        """The file as the instrument holds it. Every checksum is verified."""
        tables = None
        for tag, payload in _records(file):
            if tag in (b"AJS\0", b"CJS\0"):
                tables = json.loads(payload.decode("utf-8"))
        if tables is None:
            raise ValueError("calibration: it has no values")
        # While the range is off there is no current: exactly 0 A.
        current = [scale + [0.0] for scale in _scales(tables, "current", 7)]
        return cls(current, _scales(tables, "voltage", 2))


def _records(file):
    if len(file) < 32 or file[:16] != _MAGIC:
        raise ValueError("calibration: it is no calibration file")
    length, version, checksum = struct.unpack_from("<Q3xBI", file, 16)
    if zlib.crc32(file[:28]) != checksum:
        raise ValueError("calibration: its header fails its checksum")
    if version != 1 or not 32 <= length <= min(_FILE_BYTES_MAX, len(file)):
        raise ValueError("calibration: its version or length makes no sense")
    at = 32
    while at < length:
        if length - at < 8:
            raise ValueError("calibration: a record of it does not fit into the file")
        tag, size = struct.unpack_from("<4sI", file, at)
        end = at + (8 + size + 4 + 7) // 8 * 8
        if end > length:
            raise ValueError("calibration: a record of it does not fit into the file")
        if zlib.crc32(file[at : end - 4]) != struct.unpack_from("<I", file, end - 4)[0]:
            raise ValueError("calibration: a record of it fails its checksum")
        if tag == b"END\0":
            return
        yield tag, file[at + 8 : at + 8 + size]
        at = end


def _scales(tables, quantity, ranges):
    """The offsets and the gains of the ranges; entries behind them are of no use."""
    try:
        offsets, gains = (
            [float(number) for number in tables[quantity][key][:ranges]]
            for key in ("offset", "gain")
        )
    except (KeyError, TypeError, OverflowError) as fault:
        raise ValueError(f"calibration: no values of {quantity}") from fault
    numbers = all(map(math.isfinite, offsets + gains)) and all(gain > 0 for gain in gains)
    if len(offsets) != ranges or len(gains) != ranges or not numbers:
        raise ValueError(f"calibration: values of {quantity} are incomplete or no numbers")
    return [offsets, gains]


def convert(words, voltage_range, calibration):
    """Raw words -> current (A) and voltage (V) as float32, and the current's range. A missing word
    is NaN in both and RANGE_MISSING. `voltage_range` is one for all words, or one a word."""
    words = np.asarray(words, np.uint32)
    ranges = (words & 3) | ((words >> 14) & 4)
    current_raw = ((words >> 2) & 0x3FFF).astype(np.float64)
    voltage_raw = (words >> 18).astype(np.float64)
    current = (current_raw + calibration.current_offset[ranges]) * calibration.current_gain[ranges]
    offset, gain = calibration.voltage_offset, calibration.voltage_gain
    voltage = (voltage_raw + offset[voltage_range]) * gain[voltage_range]
    current, voltage = current.astype(np.float32), voltage.astype(np.float32)
    missing = words == MISSING
    current[missing] = voltage[missing] = np.float32(np.nan)
    ranges[missing] = RANGE_MISSING
    return current, voltage, ranges


def read(value):
    """One record's value -> a pyarrow table without raw rows."""
    return decode(pa.ipc.open_stream(value).read_all())


def decode(table):
    """In place of each row `raw`: the rows of the signals that `wattspool.words` names."""
    signals = table["signal"].to_pylist()
    if "raw" not in signals:
        return table
    metadata = table.schema.metadata or {}
    layout, *names = metadata.get(b"wattspool.words", b"").decode().split(" ")
    if layout != "js110":
        raise ValueError(f"raw words laid out as '{layout}' are not known")
    if len(set(names)) != len(names) or not set(names) <= set(_UNITS):
        raise ValueError(f"signals {names} do not lie in the words of a JS110")
    calibration = Calibration.from_text(metadata.get(b"wattspool.calibration", b"").decode())
    firsts = table["first_sample"].to_pylist()
    ranges = {firsts[row]: row for row, name in enumerate(signals) if name == "voltage_range"}
    columns = {name: _Items(table[name]) for name in _ITEMS}
    rows = []  # (row of `table`, signal or None, items by column)
    for row, signal in enumerate(signals):
        if signal != "raw":
            rows.append((row, None, {name: column.of(row) for name, column in columns.items()}))
            continue
        words = columns["codes"].of(row)
        if columns["values"].of(row).size or columns["run_lengths"].of(row).size:
            raise ValueError(f"the raw row at id {firsts[row]} has values or run lengths")
        if firsts[row] not in ranges:
            raise ValueError(f"no row voltage_range for the words from id {firsts[row]} on")
        of_range = ranges[firsts[row]]
        codes, lengths = (columns[name].of(of_range) for name in ("codes", "run_lengths"))
        if lengths.sum(dtype=np.uint64) != words.size or (codes > 1).any():
            raise ValueError(f"row voltage_range at id {firsts[row]} does not fit the words")
        values = convert(words, np.repeat(codes, lengths), calibration)
        rows += [(row, name, _items_of(name, words, values)) for name in names]
    return _table(table, rows)


class _Items:
    """A list column by row, without a copy."""

    def __init__(self, column):
        array = column.combine_chunks()
        array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
        self._offsets = array.offsets.to_numpy()
        self._values = array.values.to_numpy()

    def of(self, row):
        return self._values[self._offsets[row] : self._offsets[row + 1]]


def _items_of(name, words, values):
    current, voltage, ranges = values
    if name in ("current", "voltage"):
        return {"values": current if name == "current" else voltage}
    if name == "current_range":
        codes = ranges
    else:
        codes = (words >> (2 if name == "gpi0" else 18)) & 1
        codes[words == MISSING] = MISSING
    starts = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
    starts = starts[: codes.size]
    lengths = np.diff(np.append(starts, codes.size))
    return {"codes": codes[starts], "run_lengths": lengths.astype(np.uint32)}


def _table(table, rows):
    arrays = []
    indices = pa.array([row for row, _, _ in rows], pa.int64())
    for field in table.schema:
        taken = table[field.name].take(indices)
        if field.name in ("signal", "unit"):
            texts = taken.to_pylist()
            for at, (_, signal, _) in enumerate(rows):
                if signal is not None:
                    texts[at] = signal if field.name == "signal" else _UNITS[signal]
            taken = pa.array(texts, field.type)
        elif field.name in _ITEMS:
            dtype = _ITEMS[field.name]
            parts = [items.get(field.name, np.empty(0, dtype)) for _, _, items in rows]
            offsets = np.cumsum([0] + [part.size for part in parts], dtype=np.int32)
            items = pa.array(np.concatenate(parts).astype(dtype, copy=False))
            taken = pa.ListArray.from_arrays(pa.array(offsets), items, type=field.type)
        arrays.append(taken)
    return pa.Table.from_arrays(arrays, schema=table.schema)
