// SPDX-License-Identifier: Apache-2.0
// Folds the progress topic, record by record, into what one agent has delivered. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "proto/side_records.h"

namespace agent {

class ProgressFold {
 public:
  explicit ProgressFold(std::string agent_id);

  // Within a partition in the order of the offsets. Records of other agents, tombstones and what is
  // no progress record are passed over.
  void take(std::int32_t partition, std::string_view key, std::string_view value);

  // Per stream and lane the highest next sequence; the instance is that of the newest record: by
  // offset within a partition, across partitions by the record's own start time. Absent: none.
  std::optional<proto::ProgressRecord> result() const;
  // Records with the agent's key that could not be read.
  std::uint64_t unreadable_count() const { return unreadable_count_; }

 private:
  std::string agent_id_;
  std::map<std::int32_t, proto::ProgressRecord> newest_;  // per partition; its sequences are unused
  std::map<proto::StreamId, std::map<proto::Lane, proto::Sequence>> next_;
  std::uint64_t unreadable_count_ = 0;
};

}  // namespace agent
