# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/golden/waveform_foreign.arrows: the full-rate waveform as pyarrow writes it,
with a column that a later version might append. Our reader must take both (tests/proto)."""

import golden
import pyarrow as pa

table = pa.ipc.open_stream((golden.GOLDEN / "waveform_full_rate.arrows").read_bytes()).read_all()
table = table.append_column(
    pa.field("added_later", pa.list_(pa.int16())),
    pa.array([[1, 2]] * table.num_rows, pa.list_(pa.int16())),
).combine_chunks()
with open(golden.GOLDEN / "waveform_foreign.arrows", "wb") as file:
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(file, table.schema, options=options) as writer:
        writer.write_table(table)
