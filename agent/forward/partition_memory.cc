// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/partition_memory.h"

#include <nlohmann/json.hpp>

namespace agent {
namespace {

constexpr std::size_t kRunsMax = 128;

}  // namespace

// [["<key>", {"<topic>": count}], ...], oldest first.
void PartitionMemory::load(const std::optional<std::string>& saved) {
  if (!saved) return;
  const auto json = nlohmann::json::parse(*saved, nullptr, false);
  if (!json.is_array()) return;
  for (const auto& run : json) {
    if (!run.is_array() || run.size() != 2 || !run[0].is_string() || !run[1].is_object()) continue;
    Counts counts;
    for (const auto& [topic, count] : run[1].items()) {
      if (count.is_number_integer()) counts[topic] = count.get<std::int32_t>();
    }
    const auto key = run[0].get<std::string>();
    if (runs_.emplace(key, std::move(counts)).second) order_.push_back(key);
  }
}

std::int32_t PartitionMemory::count(const std::string& topic, const std::string& key) {
  const auto today = today_.find(topic);
  if (today == today_.end() || key.find('/') == std::string::npos) return 0;
  const auto run = runs_.find(key);
  if (run != runs_.end()) {
    const auto kept = run->second.find(topic);
    // A topic that was made anew with fewer partitions has no such partition any more.
    if (kept != run->second.end() && kept->second <= today->second) return kept->second;
  }
  changed_ = true;
  if (run == runs_.end()) order_.push_back(key);
  runs_[key][topic] = today->second;
  while (order_.size() > kRunsMax) {
    runs_.erase(order_.front());
    order_.pop_front();
  }
  return today->second;
}

std::optional<buffer::StateChange> PartitionMemory::take_change() {
  if (!changed_) return std::nullopt;
  changed_ = false;
  auto json = nlohmann::json::array();
  for (const std::string& key : order_) json.push_back({key, runs_.at(key)});
  return buffer::StateChange{kPartitionsKey, json.dump()};
}

}  // namespace agent
