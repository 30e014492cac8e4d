# SPDX-License-Identifier: Apache-2.0
"""Every golden record passes a strict JSON parse, then its published schema; spoilt ones do not."""

import copy
import unittest

import golden
import jsonschema


def validator(topic):
    schema = golden.schema(topic)
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def number_texts(value, schema, path=""):
    """(path, is written as a float, is declared as a float) of every declared number."""
    if isinstance(value, dict):
        for name, item in value.items():
            declared = schema.get("properties", {}).get(name)
            declared = declared or schema.get("additionalProperties")
            if isinstance(declared, dict):
                yield from number_texts(item, declared, f"{path}/{name}")
    elif isinstance(value, list):
        for item in value:
            yield from number_texts(item, schema.get("items", {}), f"{path}[]")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        yield path, isinstance(value, golden.FloatText), "number" in kinds


class Records(unittest.TestCase):
    def test_every_record_validates(self):
        for topic in golden.RECORD_FILES:
            check = validator(topic)
            count = 0
            for record in golden.records(topic):
                errors = [error.message for error in check.iter_errors(record)]
                self.assertEqual(errors, [], topic)
                count += 1
            self.assertGreaterEqual(count, 2, topic)

    def test_floats_always_carry_a_point_and_integers_never(self):
        for topic in golden.RECORD_FILES:
            schema = golden.schema(topic)
            for record in golden.records(topic):
                for path, written_float, declared_float in number_texts(record, schema):
                    self.assertEqual(written_float, declared_float, f"{topic}{path}")

    def test_no_string_holds_a_nul(self):
        for topic, names in golden.RECORD_FILES.items():
            for name in names:
                text = (golden.GOLDEN / name).read_text(encoding="utf-8")
                self.assertNotIn("\\u0000", text, topic)
                self.assertNotIn("\0", text, topic)

    def test_strings_that_hold_json_hold_json(self):
        for topic, field in (("telemetry", "metadata"), ("event", "context")):
            for record in golden.records(topic):
                self.assertIsInstance(golden.parse_strict(record[field]), dict)

    def test_time_is_said_twice_and_agrees(self):
        import datetime

        epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        for topic in ("telemetry", "event"):
            for record in golden.records(topic):
                instant = datetime.datetime.fromisoformat(record["timestamp"])
                micros = (instant - epoch) // datetime.timedelta(microseconds=1)
                self.assertEqual(micros, record["epoch_us"])

    def test_an_added_field_is_no_error(self):
        for topic in golden.RECORD_FILES:
            record = next(golden.records(topic))
            record["added_later"] = 1
            self.assertTrue(validator(topic).is_valid(record), topic)

    def test_each_missing_field_is_an_error(self):
        for topic in golden.RECORD_FILES:
            check = validator(topic)
            for record in golden.records(topic):
                for name in record:
                    less = {key: value for key, value in record.items() if key != name}
                    self.assertFalse(check.is_valid(less), f"{topic} without {name}")

    def test_each_field_of_another_type_is_an_error(self):
        for topic in golden.RECORD_FILES:
            check = validator(topic)
            record = next(golden.records(topic))
            for name in record:
                spoilt = copy.deepcopy(record)
                spoilt[name] = True
                self.assertFalse(check.is_valid(spoilt), f"{topic}.{name} = true")

    def test_what_the_contract_forbids_is_an_error(self):
        good = next(golden.records("telemetry"))
        check = validator("telemetry")
        for name, value in {
            "timestamp": "2025-01-01T00:00:00.1Z",
            "device_id": "js220/001234",
            "duration__s": 0.0,
            "record_number": 0,
            "cycle_number": 1.5,
            "capacity_charged__Ah": -1e-9,
            "voltage__V": None,
            "schema": "bench.telemetry/2",
        }.items():
            self.assertFalse(check.is_valid({**good, name: value}), name)
        for text in ("NaN", "Infinity", "-Infinity"):
            with self.assertRaises(ValueError):
                golden.parse_strict('{"voltage__V":%s}' % text)


if __name__ == "__main__":
    unittest.main()
