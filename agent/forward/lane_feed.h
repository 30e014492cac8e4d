// SPDX-License-Identifier: Apache-2.0
// The rows of one lane that are read ahead and not yet sent. A row that fails its checksum is
// passed on as such, and reading goes on behind it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "agent/forward/delivery_ports.h"

namespace agent {

struct FeedRow {
  buffer::Row row;
  std::string damage;  // empty: the payload is as it was sealed
};

// One thread.
class LaneFeed {
 public:
  explicit LaneFeed(proto::Lane lane) : lane_(lane) {}

  // Forgets what was read; the next row is the one after `after`.
  void restart(buffer::Position after);
  // Reads until `bytes_max` payload bytes are ready or the lane has no more. Pins what it holds.
  proto::Result<void> fill(SpoolPort& spool, std::uint64_t bytes_max);

  bool empty() const { return rows_.empty(); }
  FeedRow& front() { return rows_.front(); }
  FeedRow take();
  void put_back(FeedRow row);  // the one that was taken last
  std::uint64_t size_bytes() const { return size_bytes_; }

  proto::Lane lane() const { return lane_; }
  // Everything up to here is acked: its pin ends.
  void acked(SpoolPort& spool, buffer::Position through);

 private:
  proto::Result<bool> read_some(SpoolPort& spool, std::uint64_t bytes_max);
  proto::Result<void> pin(SpoolPort& spool);

  const proto::Lane lane_;
  buffer::Position acked_through_;
  buffer::Position read_through_;
  std::deque<FeedRow> rows_;
  std::uint64_t size_bytes_ = 0;
  bool pinned_ = false;
};

}  // namespace agent
