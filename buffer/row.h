// SPDX-License-Identifier: Apache-2.0
// What the spool holds: sealed bytes with the few facts that ordering, quota, audit and loss
// reports need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/ids.h"
#include "proto/lane.h"

namespace buffer {

// Place of a row within its lane, from 1, increasing, never reused.
struct PositionTag {};
using Position = proto::Id<PositionTag, std::uint64_t>;

// The facts of a row that the producer of the row fixes.
struct RowFacts {
  proto::Lane lane = proto::Lane::kEvent;
  std::uint32_t count = 1;   // Kafka records in it; 1 for waveform
  std::string topic;         // full name
  std::string key;           // Kafka key: "<device_id>/<test_id>" or "<agent_id>"
  std::string device_id;     // empty: of the agent itself
  proto::SegmentId segment;  // 0: without samples
  proto::SampleId id_first;  // ids covered, inclusive; meaningless when id_count is 0
  proto::SampleId id_last;
  std::uint64_t id_count = 0;   // ids delivered by it: the span minus its missing ids
  std::int64_t t_first_us = 0;  // UTC of the first sample
  std::int64_t t_last_us = 0;   // UTC of the end: the Kafka timestamp of the last record
};

struct NewRow {
  RowFacts facts;
  std::vector<std::byte> payload;  // waveform: the bytes that are sent; JSON lanes: a record group
};

// What the spool adds when it appends: the row's number space and checksum.
struct RowMeta {
  RowFacts facts;
  Position position;
  proto::StreamId stream;
  proto::Sequence seq_first;  // the row covers [seq_first, seq_first + count)
  std::uint32_t crc32c = 0;   // over payload; the facts have their own inside the row
  std::uint64_t payload_bytes = 0;
  bool acked = false;
  bool facts_damaged = false;  // the facts fail their own CRC-32C: trust lane and position only
};

struct Row {
  RowMeta meta;
  std::vector<std::byte> payload;
};

// The newest value of one key of a compacted topic. `version` is the spool's: it grows at each
// change.
struct LatestValue {
  std::string topic;
  std::string key;
  std::string value;
  std::int64_t utc_us = 0;
  std::uint64_t version = 0;  // ignored on append
};

// One entry of `state`. Absent value: the key is removed.
struct StateChange {
  std::string key;
  std::optional<std::string> value;
};

// Unacked rows that were dropped to make room, merged per (lane, stream, key, segment).
struct EvictedRange {
  proto::Lane lane = proto::Lane::kTelemetry;
  proto::StreamId stream;
  std::string topic;
  std::string key;
  std::string device_id;
  proto::SegmentId segment;
  proto::SampleId id_first;
  proto::SampleId id_last;
  std::uint64_t id_count = 0;
  proto::Sequence seq_first;
  proto::Sequence seq_last;
  std::int64_t t_first_us = 0;
  std::int64_t t_last_us = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  bool facts_damaged = false;  // the row's facts failed their CRC-32C: a hint, no more
};

}  // namespace buffer
