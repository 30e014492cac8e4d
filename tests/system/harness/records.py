# SPDX-License-Identifier: Apache-2.0
"""The records of a topic as a consumer sees them that is not ours: kcat."""

import dataclasses
import subprocess

# Sizes first: values are binary.
FORMAT = r"%p %o %K %S %h\n%k%s\n"


@dataclasses.dataclass
class Record:
    """One consumed record."""

    partition: int
    offset: int
    key: str
    headers: dict
    value: bytes


def read_topic(bootstrap, topic, count_max=None):
    """All committed records of a topic, partition by partition.

    A topic that is being written to has no end: there, say how many are enough.
    """
    enough = ["-c", str(count_max)] if count_max else []
    answer = subprocess.run(
        ["kcat", "-C", "-e", "-q", "-b", bootstrap, "-t", topic, "-o", "beginning", "-f", FORMAT,
         "-X", "isolation.level=read_committed", *enough],
        capture_output=True, check=True, timeout=120)
    data, at, records = answer.stdout, 0, []
    while at < len(data):
        line_end = data.index(b"\n", at)
        words = data[at:line_end].decode("ascii").split(" ", 4)
        partition, offset, key_bytes, value_bytes = map(int, words[:4])
        headers = dict(pair.split("=", 1) for pair in words[4].split(","))
        value_at = line_end + 1 + key_bytes
        records.append(Record(partition, offset, data[line_end + 1:value_at].decode(), headers,
                              data[value_at:value_at + value_bytes]))
        at = value_at + value_bytes + 1
    return sorted(records, key=lambda record: (record.partition, record.offset))
