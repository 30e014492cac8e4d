// SPDX-License-Identifier: Apache-2.0
#include "agent/spool/spool_queue.h"

#include <utility>

namespace agent {

std::uint64_t SpoolEntry::size_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& row : rows) bytes += row.payload.size();
  for (const auto& change : state) bytes += change.value ? change.value->size() : 0;
  for (const auto& value : latest) bytes += value.value.size();
  return bytes;
}

SpoolQueue::SpoolQueue(std::uint64_t bytes_max_per_producer)
    : bytes_max_per_producer_(bytes_max_per_producer) {}

bool SpoolQueue::try_push(SpoolEntry&& entry) {
  const std::uint64_t size = entry.size_bytes();
  {
    const std::lock_guard lock(mutex_);
    std::uint64_t& held = bytes_[entry.producer];
    // An empty share takes an entry of any size: a limit below one entry must not block for ever.
    if (held != 0 && held + size > bytes_max_per_producer_) return false;
    held += size;
    entries_.push_back(std::move(entry));
  }
  changed_.notify_one();
  return true;
}

void SpoolQueue::push(SpoolEntry&& entry) {
  {
    const std::lock_guard lock(mutex_);
    bytes_[entry.producer] += entry.size_bytes();
    entries_.push_back(std::move(entry));
  }
  changed_.notify_one();
}

std::vector<SpoolEntry> SpoolQueue::take_all(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [this] { return stopped_ || !entries_.empty(); });
  std::vector<SpoolEntry> taken(std::make_move_iterator(entries_.begin()),
                                std::make_move_iterator(entries_.end()));
  entries_.clear();
  return taken;
}

void SpoolQueue::release(const std::string& producer, std::uint64_t size_bytes) {
  const std::lock_guard lock(mutex_);
  bytes_[producer] -= size_bytes;
}

std::uint64_t SpoolQueue::bytes_of(const std::string& producer) const {
  const std::lock_guard lock(mutex_);
  const auto at = bytes_.find(producer);
  return at == bytes_.end() ? 0 : at->second;
}

void SpoolQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

}  // namespace agent
