# SPDX-License-Identifier: Apache-2.0
"""What the readers' tests share: golden files, strict JSON, and the shipped schemas."""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden"
SCHEMAS = ROOT / "proto" / "schemas"

# Golden files of each JSON topic.
RECORD_FILES = {
    "telemetry": ["telemetry_vector.jsonl", "telemetry_edges.jsonl"],
    "event": ["event.jsonl"],
    "run": ["run.jsonl"],
    "device": ["device.jsonl"],
    "agent": ["agent.jsonl"],
    "progress": ["progress.jsonl"],
}

WAVEFORMS = [
    "waveform_full_rate",
    "waveform_decimated",
    "waveform_extremes",
    "waveform_noise",
    "waveform_raw",
]


class FloatText(float):
    """A number that was written with a point or an exponent."""


def _no_constant(text):
    raise ValueError(f"{text} is not JSON")


def _no_repeats(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"a name is there twice: {names}")
    return dict(pairs)


def parse_strict(text):
    """JSON as RFC 8259 has it: no NaN, no name twice; floats and integers told apart by text."""
    return json.loads(
        text, parse_constant=_no_constant, parse_float=FloatText, object_pairs_hook=_no_repeats
    )


def lines(name):
    text = (GOLDEN / name).read_bytes().decode("utf-8", errors="strict")
    assert text.endswith("\n") and "\r" not in text
    return text[:-1].split("\n")


def records(topic):
    for name in RECORD_FILES[topic]:
        for line in lines(name):
            yield parse_strict(line)


def schema(topic):
    return json.loads((SCHEMAS / f"{topic}.schema.json").read_text(encoding="utf-8"))


_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\n\)", re.S)
_COLUMN = re.compile(r'^  ["`](\w+)["`] (.*?),?$', re.M)


def tables(file_name):
    """{table: {column: (type, nullable)}} of one of the shipped DDL files."""
    found = {}
    for name, body in _TABLE.findall((SCHEMAS / file_name).read_text(encoding="utf-8")):
        columns = {}
        for column, text in _COLUMN.findall(re.sub(r",\n    ", ", ", body)):
            not_null = text.endswith(" NOT NULL")
            columns[column] = (text.removesuffix(" NOT NULL"), not not_null)
        found[name] = columns
    return found
