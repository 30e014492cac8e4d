// SPDX-License-Identifier: Apache-2.0
// The spool writer thread: the only one that touches buffer::Spool. Group commit every
// `commit_interval`; acks ride in the next commit; a failed commit is retried and nothing is
// dropped here. A file that turns out to be malformed does not heal: it is condemned, and the
// status says that the process must open it anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/spool/spool_queue.h"
#include "buffer/spool.h"

namespace agent {

struct SpoolWriterOptions {
  std::chrono::milliseconds commit_interval{100};
  // After a stall the queue holds more than one commit should: the WAL is not to grow for it.
  std::uint64_t commit_bytes_max = 4 << 20;  // at least one entry is committed, however large
  std::chrono::milliseconds retry_delay{100};
  std::chrono::milliseconds stop_retries_max{1'500};  // of commits that fail while stopping
};

struct SpoolWriterStatus {
  buffer::SpoolTotals totals;
  std::uint64_t commits_total = 0;
  std::uint64_t appended_rows_total = 0;
  std::uint64_t evicted_rows_total = 0;
  double last_commit_ms = 0;
  double worst_commit_ms = 0;
  std::string last_error;       // of the commit being retried; empty when all is well
  bool condemned = false;       // the file is set aside at the next opening
  std::uint64_t heartbeat = 0;  // grows at each turn of the loop
};

// Thread-safe.
class SpoolWriter {
 public:
  SpoolWriter(std::unique_ptr<buffer::Spool> spool, SpoolQueue& queue, SpoolWriterOptions options);
  ~SpoolWriter();  // stops

  void start();
  // Commits what the queue holds and the pending acks, then ends the thread. The queue's producers
  // must have stopped. A disk that takes nothing ends it after stop_retries_max; last_error says
  // so.
  void stop();

  // From the forwarder. Applied in the next commit (at once when the queue is idle for an
  // interval).
  void ack(const buffer::LaneAck& ack);
  void ack_latest(const buffer::LatestAck& ack);
  // One range per lane. Returns when no running commit can evict from it any more: pin, then read.
  // What an earlier commit took is simply not there.
  void pin(proto::Lane lane, buffer::Position from, buffer::Position through);
  void unpin(proto::Lane lane);
  // A state change without rows (for example the forwarder's), in the next commit; the last one of
  // a key wins.
  void set_state(buffer::StateChange change);

  // Blocks until a commit newer than `seen` happened or the deadline; returns the count of commits.
  std::uint64_t wait_commit(std::uint64_t seen, std::chrono::steady_clock::time_point deadline);
  // Wakes wait_commit().
  void notify();

  SpoolWriterStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace agent
