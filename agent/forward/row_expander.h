// SPDX-License-Identifier: Apache-2.0
// A spool row becomes the Kafka records that it holds.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/kafka/producer.h"
#include "buffer/row.h"
#include "buffer/spool.h"
#include "proto/record_group.h"
#include "proto/result.h"

namespace agent {

// Names a row of a lane by its position, a value of the state lane by its version.
struct RowId {
  proto::Lane lane = proto::Lane::kEvent;
  std::uint64_t number = 0;
  auto operator<=>(const RowId&) const = default;
};

// Owns the bytes that its records borrow, so it stays where it is until all reports were served.
struct OutgoingRow {
  OutgoingRow() = default;
  OutgoingRow(const OutgoingRow&) = delete;
  OutgoingRow& operator=(const OutgoingRow&) = delete;

  RowId id;
  buffer::RowMeta meta;                     // of the state lane: topic, key, stream, sequence
  proto::Sequence seq_next;                 // of the lane's stream, once it is delivered
  std::optional<buffer::LatestAck> latest;  // of the state lane
  std::vector<std::byte> payload;           // waveform: sent in place
  std::vector<proto::GroupedRecord> group;  // JSON lanes
  std::string value;                        // of the state lane
  std::vector<OutgoingRecord> records;
  std::uint64_t size_bytes = 0;  // of all values

  std::string ce_id() const;  // of its first record
};

// One thread.
class RowExpander {
 public:
  // `stream` is the spool's current one: state values are numbered in it by their version, which
  // is increasing but not dense.
  RowExpander(std::string agent_id, proto::StreamId stream, std::chrono::milliseconds live_age)
      : agent_id_(std::move(agent_id)), stream_(stream), live_age_(live_age) {}

  // The reader has checked the row's CRC-32C; those of the records in a group are checked here.
  // Whether it is backfill is decided by `now_utc_us`. Errors: proto::DecodeErrc.
  proto::Result<std::unique_ptr<OutgoingRow>> expand(buffer::Row row,
                                                     std::int64_t now_utc_us) const;
  std::unique_ptr<OutgoingRow> expand(buffer::LatestValue value, std::int64_t now_utc_us) const;
  const proto::StreamId& stream() const { return stream_; }

 private:
  struct RecordFacts;
  void add(OutgoingRow& row, const RecordFacts& facts) const;

  const std::string agent_id_;
  const proto::StreamId stream_;
  const std::chrono::milliseconds live_age_;
};

}  // namespace agent
