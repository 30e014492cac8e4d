# SPDX-License-Identifier: Apache-2.0
"""One definition of each record: code, JSON Schema, SQL tables and docs name the same fields."""

import re
import unittest

import golden
import pyarrow as pa

TABLES = ("telemetry", "event", "run", "device", "agent")

# JSON kind -> column type of each engine.
KINDS = {
    "postgresql.sql": {
        "string": "text",
        "time": "timestamptz",
        "integer": "bigint",
        "number": "double precision",
        "object": "jsonb",
        "array": "jsonb",
    },
    "duckdb.sql": {
        "string": "VARCHAR",
        "time": "TIMESTAMPTZ",
        "integer": "BIGINT",
        "number": "DOUBLE",
        "object": "MAP(",
        "array": "JSON",
    },
    "clickhouse.sql": {
        "string": "String",
        "time": "DateTime64(6, 'UTC')",
        "integer": "Int64",
        "number": "Float64",
        "object": "Map(",
        "array": "Array(",
    },
    "spark.sql": {
        "string": "STRING",
        "time": "TIMESTAMP",
        "integer": "BIGINT",
        "number": "DOUBLE",
        "object": "MAP<",
        "array": "ARRAY<",
    },
}

ARROW = {
    "postgresql.sql": ["text", "bigint", "timestamptz", "double precision", "real[]", "bigint[]",
                       "bytea"],
    "spark.sql": ["STRING", "BIGINT", "TIMESTAMP", "DOUBLE", "ARRAY<FLOAT>", "ARRAY<BIGINT>",
                  "BINARY"],
}

UNITS = {"V", "A", "W", "s", "Ah", "Wh", "C", "J", "Hz", "Ah_V"}


def kind_of(declared):
    kinds = declared["type"] if isinstance(declared["type"], list) else [declared["type"]]
    kind = next(kind for kind in kinds if kind != "null")
    return ("time" if declared.get("format") == "date-time" else kind), "null" in kinds


class Schemas(unittest.TestCase):
    def test_the_code_emits_the_fields_of_the_schema_and_no_others(self):
        for topic in golden.RECORD_FILES:
            schema = golden.schema(topic)
            emitted = {name for record in golden.records(topic) for name in record}
            self.assertEqual(emitted, set(schema["properties"]), topic)
            common = None
            for record in golden.records(topic):
                common = set(record) if common is None else common & set(record)
            self.assertEqual(common, set(schema["required"]), topic)

    def test_the_fields_stand_in_the_order_of_the_schema(self):
        for topic in golden.RECORD_FILES:
            order = list(golden.schema(topic)["properties"])
            for record in golden.records(topic):
                positions = [order.index(name) for name in record if name != "stream"]
                self.assertEqual(positions, sorted(positions), topic)

    def test_the_tables_have_the_fields_types_and_nulls_of_the_schemas(self):
        for file_name, kinds in KINDS.items():
            tables = golden.tables(file_name)
            for topic in TABLES:
                schema = golden.schema(topic)
                self.assertEqual(list(tables[topic]), list(schema["properties"]), file_name)
                for name, (column_type, nullable) in tables[topic].items():
                    where = f"{file_name} {topic}.{name}"
                    kind, may_be_null = kind_of(schema["properties"][name])
                    may_be_null = may_be_null or name not in schema["required"]
                    if file_name == "clickhouse.sql":
                        # Arrays and maps are empty instead; there is no NOT NULL.
                        if may_be_null and kind not in ("object", "array"):
                            self.assertRegex(column_type, r"^Nullable\(.*\)$", where)
                            column_type = column_type[len("Nullable(") : -1]
                    else:
                        self.assertEqual(nullable, may_be_null, where)
                    if kinds[kind].endswith(("(", "<")):
                        self.assertTrue(column_type.startswith(kinds[kind]), where)
                    else:
                        self.assertEqual(column_type, kinds[kind], where)

    def test_the_waveform_tables_have_the_columns_of_the_arrow_schema(self):
        value = (golden.GOLDEN / "waveform_full_rate.arrows").read_bytes()
        schema = pa.ipc.open_stream(value).schema
        for file_name, names in ARROW.items():
            text, whole, time, real, floats, codes, raw = names
            types = {
                pa.utf8(): text,
                pa.uint32(): whole,
                pa.uint64(): whole,
                pa.timestamp("ns", tz="UTC"): time,
                pa.float64(): real,
                pa.list_(pa.field("item", pa.float32(), nullable=False)): floats,
                pa.list_(pa.field("item", pa.uint32(), nullable=False)): codes,
                pa.binary(): raw,
            }
            columns = golden.tables(file_name)["waveform"]
            columns.pop("stream", None)  # from the schema metadata
            self.assertEqual(
                {name: column_type for name, (column_type, _) in columns.items()},
                {field.name: types[field.type] for field in schema},
            )

    def test_names_follow_the_pattern_and_carry_a_known_unit(self):
        for topic in golden.RECORD_FILES:
            names = set(golden.schema(topic)["properties"])
            for record in golden.records(topic):
                names |= set(record.get("auxiliary", {}))
            for name in names:
                self.assertRegex(name, r"^[a-z][a-z0-9]*(_[a-z0-9]+)*(__[A-Z][A-Za-z_]*|__s)?$")
                if "__" in name:
                    self.assertIn(name.split("__")[1], UNITS, name)

    def test_no_two_names_of_a_record_collide_case_blind(self):
        for topic in golden.RECORD_FILES:
            names = [name.lower() for name in golden.schema(topic)["properties"]]
            self.assertEqual(len(names), len(set(names)), topic)

    def test_the_docs_name_every_topic_header_and_field(self):
        docs = (golden.ROOT / "proto" / "README.md").read_text(encoding="utf-8")
        named = set(re.findall(r"`([^`]+)`", docs))
        expected = {f"bench.{topic}.v1" for topic in [*golden.RECORD_FILES, "waveform"]}
        source = (golden.ROOT / "proto" / "cloud_event.cc").read_text(encoding="utf-8")
        headers = set(re.findall(r'\{"(content-type|ce_\w+)"', source))
        self.assertEqual(len(headers), 10)
        expected |= headers
        for topic in golden.RECORD_FILES:
            expected |= set(golden.schema(topic)["properties"])
        expected |= set(golden.schema("telemetry")["properties"]["auxiliary"]["properties"])
        value = (golden.GOLDEN / "waveform_full_rate.arrows").read_bytes()
        expected |= set(pa.ipc.open_stream(value).schema.names)
        self.assertEqual(expected - named, set())


if __name__ == "__main__":
    unittest.main()
