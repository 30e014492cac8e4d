// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/progress_fold.h"

#include <algorithm>
#include <utility>

namespace agent {

ProgressFold::ProgressFold(std::string agent_id) : agent_id_(std::move(agent_id)) {}

void ProgressFold::take(std::int32_t partition, std::string_view key, std::string_view value) {
  if (key != agent_id_ || value.empty()) return;
  auto record = proto::progress_from_json(value);
  if (!record) {
    ++unreadable_count_;
    return;
  }
  for (const auto& [stream, lanes] : record->next_sequence) {
    for (const auto& [lane, next] : lanes) {
      proto::Sequence& known = next_[stream][lane];
      known = std::max(known, next);
    }
  }
  newest_.insert_or_assign(partition, std::move(*record));
}

std::optional<proto::ProgressRecord> ProgressFold::result() const {
  if (newest_.empty()) return std::nullopt;
  const auto by_start = [](const auto& a, const auto& b) {
    return a.second.started_utc_us < b.second.started_utc_us;
  };
  proto::ProgressRecord found = std::ranges::max_element(newest_, by_start)->second;
  found.next_sequence = next_;
  return found;
}

}  // namespace agent
