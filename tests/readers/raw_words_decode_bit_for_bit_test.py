# SPDX-License-Identifier: Apache-2.0
"""The Python reader that we ship decodes raw words to what the agent's driver made of them."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import golden
import pyarrow as pa
import waveforms_read_value_for_value_test as waveforms

sys.path.insert(0, str(golden.ROOT / "proto" / "readers" / "python"))
import wattspool_waveform  # noqa: E402


def rows_of(table):
    """In the words of the content files: floats by their bits, times in nanoseconds."""
    columns = {
        name: (table[name].cast(pa.int64()) if name == "time" else table[name]).to_pylist()
        for name in waveforms.COLUMNS
    }
    return [
        {name: waveforms.as_written(name, columns[name][row]) for name in columns}
        for row in range(table.num_rows)
    ]


def with_metadata(table, **changes):
    metadata = dict(table.schema.metadata)
    for name, value in changes.items():
        metadata[f"wattspool.{name}".encode()] = value
    return table.replace_schema_metadata(metadata)


class RawWords(unittest.TestCase):
    def raw(self):
        return pa.ipc.open_stream(waveforms.value_of("waveform_raw")).read_all()

    def test_the_golden_words_are_decoded_to_the_golden_values(self):
        table = wattspool_waveform.read(waveforms.value_of("waveform_raw"))
        expected = [json.loads(line) for line in golden.lines("waveform_raw.decoded.jsonl")]
        self.assertEqual(rows_of(table), expected)
        table.validate(full=True)
        self.assertEqual(table.schema, self.raw().schema)

    def test_random_words_are_decoded_as_the_driver_did(self):
        for seed, kind in ((1, "calibrated"), (2, "calibrated"), (3, "uncalibrated")):
            with tempfile.TemporaryDirectory() as folder:
                raw, floats = (pathlib.Path(folder) / name for name in ("raw", "floats"))
                tool = os.environ["WATTSPOOL_RAW_WAVEFORMS"]
                subprocess.run([tool, str(seed), kind, raw, floats], check=True)
                decoded = wattspool_waveform.read(raw.read_bytes())
                expected = pa.ipc.open_stream(floats.read_bytes()).read_all()
            self.assertGreater(len(decoded["values"].combine_chunks().flatten()), 200_000)
            self.assertEqual(rows_of(decoded), rows_of(expected))

    def test_other_values_stay_as_they_are(self):
        for name in golden.WAVEFORMS:
            if name == "waveform_raw":
                continue
            value = waveforms.value_of(name)
            table = pa.ipc.open_stream(value).read_all()
            self.assertEqual(rows_of(wattspool_waveform.read(value)), rows_of(table))

    def test_a_value_without_what_it_takes_is_refused(self):
        raw = self.raw()
        text = raw.schema.metadata[b"wattspool.calibration"]
        digit = b"1" if text[400:401] == b"0" else b"0"
        for spoiled, message in (
            (with_metadata(raw, calibration=b""), "no calibration file"),
            (with_metadata(raw, calibration=text[:-1]), "hex"),
            (with_metadata(raw, calibration=text[:400] + digit + text[401:]), "checksum"),
            (with_metadata(raw, calibration=text[:-64]), "length"),
            (with_metadata(raw, words=b"js999 current"), "js999"),
            (with_metadata(raw, words=b"js110 voltage_range"), "do not lie"),
            (raw.slice(0, 1), "no row voltage_range"),
        ):
            with self.assertRaisesRegex(ValueError, message):
                wattspool_waveform.decode(spoiled)

    def test_an_uncalibrated_instrument_has_words_and_ranges_but_no_values(self):
        table = wattspool_waveform.decode(with_metadata(self.raw(), calibration=b"none"))
        known = wattspool_waveform.decode(self.raw())
        by_signal = dict(zip(table["signal"].to_pylist(), table["values"].to_pylist()))
        for signal in ("current", "voltage"):
            self.assertTrue(all(value != value for value in by_signal[signal]))
        self.assertEqual(table["codes"], known["codes"])


if __name__ == "__main__":
    unittest.main()
