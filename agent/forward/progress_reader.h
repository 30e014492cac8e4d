// SPDX-License-Identifier: Apache-2.0
// Reads the agent's own progress back from the compacted topic, after init_transactions() and
// before the first row is sent (design.md 7).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "agent/kafka/settings.h"
#include "proto/result.h"
#include "proto/side_records.h"

namespace agent {

// Partition -> first offset that was not read yet. Kept in the spool's state between starts.
using ProgressOffsets = std::map<std::int32_t, std::int64_t>;
std::string to_text(const ProgressOffsets& offsets);
std::optional<ProgressOffsets> progress_offsets_from(const std::string& text);

struct FoundProgress {
  // All records of this agent, merged: per stream and lane the highest next sequence. Its instance
  // fields are those of the record written last: by offset within a partition, across partitions
  // (after some were added) by the record's own start time.
  std::optional<proto::ProgressRecord> progress;
  ProgressOffsets next_offsets;
  bool topic_exists = true;
  // With this agent's key and no progress record: somebody else's, or of a newer version. To be
  // told: what they said of deliveries is not known.
  std::uint64_t unreadable_records = 0;
};

struct ProgressQuery {
  KafkaSettings kafka;  // checked
  std::string topic;
  std::string agent_id;
  // Where to begin. A record may have been compacted away below: with `from` and nothing found, the
  // caller reads again from the start.
  ProgressOffsets from;
  std::chrono::milliseconds timeout{30'000};
  // Looked at about ten times a second; while a broker does not answer, once a second.
  std::function<bool()> cancelled;
};

// All partitions to the ends they had at first contact, read_committed. Errors: KafkaErrc
// (kIncomplete: not in time, or cancelled) and broker_category().
proto::Result<FoundProgress> read_progress(const ProgressQuery& query);

}  // namespace agent
