// SPDX-License-Identifier: Apache-2.0
// A run keeps the partition count that its topics had when it began, so that adding partitions does
// not break its order.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "buffer/row.h"

namespace agent {

inline constexpr const char* kPartitionsKey = "forward.partitions";

// One thread. Remembers the newest runs only.
class PartitionMemory {
 public:
  // What an earlier life saved; a text that cannot be read counts as none.
  void load(const std::optional<std::string>& saved);
  // What the cluster says today.
  void set_today(std::map<std::string, std::int32_t> partitions) { today_ = std::move(partitions); }

  // To compute the partition of `key` against; 0: leave it to the library. Keys without a run are
  // not remembered.
  std::int32_t count(const std::string& topic, const std::string& key);
  // To be saved, when something changed since.
  std::optional<buffer::StateChange> take_change();

 private:
  using Counts = std::map<std::string, std::int32_t>;  // topic -> partitions
  std::map<std::string, std::int32_t> today_;
  std::map<std::string, Counts> runs_;  // by key
  std::deque<std::string> order_;       // keys, oldest first
  bool changed_ = false;
};

}  // namespace agent
