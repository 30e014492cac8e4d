# SPDX-License-Identifier: Apache-2.0
"""The mutants: one place of one file, and the test that must notice."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutant:
    """`before` occurs exactly once in `source`; `test` is a filter of the gtest `program`."""

    name: str
    source: str
    before: str
    after: str
    program: str
    test: str


MUTANTS = [
    Mutant(
        name="sign of current flipped",
        source="agent/pipeline/telemetry_builder.cc",
        before="record.current_a = (inverted_ ? -sums_.current : sums_.current)",
        after="record.current_a = (inverted_ ? sums_.current : -sums_.current)",
        program="tests/agent/pipeline/agent_pipeline_test",
        test="Records.*",
    ),
    Mutant(
        name="CRC check skipped",
        source="buffer/spool_reader.cc",
        before="if (meta.facts_damaged || proto::crc32c(payload) != meta.crc32c) {",
        after="if (meta.facts_damaged) {",
        program="tests/buffer/buffer_file_test",
        test="DamageIsFound.AFlippedPayloadBitInTheFileItself",
    ),
    Mutant(
        name="progress left out",
        source="agent/forward/transaction_stream.cc",
        before="const KafkaOutcome added = parts_.window.empty() ? KafkaOutcome() "
               ": produce_progress(producer);",
        after="const KafkaOutcome added = progress_topic_.empty() ? produce_progress(producer) "
              ": KafkaOutcome();",
        program="tests/agent/forward/forward_test",
        test="ExactlyOnce.ACrashBetweenCommitAndAckRepeatsNothing",
    ),
]
