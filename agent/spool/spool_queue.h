// SPDX-License-Identifier: Apache-2.0
// The bounded queue between the pipelines and the spool writer: the in-memory ring of design.md 2,
// promise 5.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "buffer/row.h"

namespace agent {

// What one producer wants in one commit, whole or not at all: rows and the state that belongs to
// them.
struct SpoolEntry {
  std::string producer;  // the instrument's device_id, or "" for the agent itself
  std::vector<buffer::NewRow> rows;
  std::vector<buffer::StateChange> state;
  std::vector<buffer::LatestValue> latest;
  // Called on the writer's thread once this entry and all before it are on disk. Must not wait.
  std::function<void()> on_durable;
  std::uint64_t size_bytes() const;
};

// Thread-safe. Each producer has its own byte limit, so that one instrument cannot starve another.
class SpoolQueue {
 public:
  explicit SpoolQueue(std::uint64_t bytes_max_per_producer);

  // False when the producer's share is full: the caller counts a Gap (overrun). Entries that must
  // not be refused (events, run state: small and rate-limited) use push().
  bool try_push(SpoolEntry&& entry);
  void push(SpoolEntry&& entry);

  // All that is there, in order; waits until there is something, `stop` was called, or the
  // deadline.
  std::vector<SpoolEntry> take_all(std::chrono::steady_clock::time_point deadline);
  // Called by the writer once the commit of an entry returned: frees its share.
  void release(const std::string& producer, std::uint64_t size_bytes);

  std::uint64_t bytes_of(const std::string& producer) const;
  void stop();

 private:
  const std::uint64_t bytes_max_per_producer_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SpoolEntry> entries_;
  std::unordered_map<std::string, std::uint64_t> bytes_;
  bool stopped_ = false;
};

}  // namespace agent
