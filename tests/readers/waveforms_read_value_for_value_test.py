# SPDX-License-Identifier: Apache-2.0
"""pyarrow and Polars read every golden waveform, bit for bit, and see no nullable column."""

import array
import io
import json
import unittest

import golden
import polars as pl
import pyarrow as pa

FLOATS = {"values", "min", "max", "std"}
CODES = {"codes", "run_lengths"}
COLUMNS = {
    "device_id": pa.utf8(),
    "test_id": pa.utf8(),
    "signal": pa.utf8(),
    "unit": pa.utf8(),
    "segment": pa.uint32(),
    "first_sample": pa.uint64(),
    "ids_per_value": pa.uint32(),
    "time": pa.timestamp("ns", tz="UTC"),
    "time_uncertainty_ns": pa.uint64(),
    "rate_hz": pa.float64(),
    "gap_before": pa.uint64(),
    "values": pa.list_(pa.field("item", pa.float32(), nullable=False)),
    "min": pa.list_(pa.field("item", pa.float32(), nullable=False)),
    "max": pa.list_(pa.field("item", pa.float32(), nullable=False)),
    "std": pa.list_(pa.field("item", pa.float32(), nullable=False)),
    "codes": pa.list_(pa.field("item", pa.uint32(), nullable=False)),
    "run_lengths": pa.list_(pa.field("item", pa.uint32(), nullable=False)),
    "encoding": pa.utf8(),
    "packed": pa.binary(),
}


def value_of(name):
    return (golden.GOLDEN / f"{name}.arrows").read_bytes()


def expected_rows(name):
    return [json.loads(line) for line in golden.lines(f"{name}.content.jsonl")]


def as_written(column, value):
    """A value in the words of the content file."""
    if column in FLOATS:
        return array.array("f", value).tobytes().hex()
    if column in CODES:
        return list(value)
    if column == "time":
        return str(value)
    if column == "packed":
        return value.decode()
    return value


class Waveforms(unittest.TestCase):
    def check(self, name, rows):
        self.assertEqual(rows, expected_rows(name))

    def test_pyarrow_reads_every_value(self):
        for name in golden.WAVEFORMS:
            table = pa.ipc.open_stream(value_of(name)).read_all()
            table.validate(full=True)
            columns = {
                column: (
                    table[column].cast(pa.int64()).to_pylist()
                    if column == "time"
                    else table[column].to_pylist()
                )
                for column in COLUMNS
            }
            self.check(
                name,
                [
                    {column: as_written(column, columns[column][row]) for column in COLUMNS}
                    for row in range(table.num_rows)
                ],
            )

    def test_polars_reads_every_value(self):
        for name in golden.WAVEFORMS:
            frame = pl.read_ipc_stream(io.BytesIO(value_of(name)))
            self.assertEqual(frame.columns, list(COLUMNS))
            self.assertEqual(frame.schema["time"], pl.Datetime("ns", "UTC"))
            self.assertEqual(frame.schema["values"], pl.List(pl.Float32))
            self.assertEqual(frame.schema["first_sample"], pl.UInt64)
            frame = frame.with_columns(pl.col("time").dt.epoch("ns"))
            rows = frame.to_dicts()
            self.check(
                name,
                [{column: as_written(column, row[column]) for column in COLUMNS} for row in rows],
            )

    def test_no_column_and_no_item_is_nullable(self):
        for name in golden.WAVEFORMS:
            schema = pa.ipc.open_stream(value_of(name)).schema
            self.assertEqual(schema.names, list(COLUMNS))
            for field in schema:
                self.assertFalse(field.nullable, field.name)
                self.assertEqual(field.type, COLUMNS[field.name], field.name)
                if pa.types.is_list(field.type):
                    self.assertFalse(field.type.value_field.nullable, field.name)

    def test_metadata_names_version_stream_and_agent(self):
        metadata = pa.ipc.open_stream(value_of("waveform_full_rate")).schema.metadata
        self.assertEqual(
            metadata,
            {
                b"wattspool.version": b"0.1.0",
                b"wattspool.stream": b"00112233445566778899aabbccddeeff",
                b"wattspool.agent": b"bench-07",
            },
        )

    def test_a_value_is_exactly_one_stream(self):
        for name in golden.WAVEFORMS:
            value = value_of(name)
            source = pa.BufferReader(value)
            reader = pa.ipc.open_stream(source)
            self.assertEqual(len(list(reader)), 1)
            self.assertEqual(source.tell(), len(value), name)


if __name__ == "__main__":
    unittest.main()
