// SPDX-License-Identifier: Apache-2.0
// The spool: a disk-backed ring of sealed rows in one SQLite file. It changes in three ways only:
// append, ack, evict. A commit that returned ok is on disk (synchronous=FULL); one that did not
// changed nothing. Format and reasons: buffer/README.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "buffer/row.h"
#include "proto/clock.h"
#include "proto/result.h"

namespace buffer {

// The schema this program writes. An older one is migrated, a newer one refused.
inline constexpr int kSchemaVersion = 1;

struct SpoolOptions {
  std::string path;                              // the file; "<path>.lock" beside it guards it
  std::uint64_t quota_bytes = 10ull << 30;       // of the file, >= kQuotaMin
  std::uint64_t wal_checkpoint_bytes = 8 << 20;  // the WAL takes twice as much, beside the quota
  std::uint32_t page_bytes = 4096;               // fixed when the file is created
};
inline constexpr std::uint64_t kQuotaMin = 16ull << 20;

// Every row up to and including `through` of the lane is delivered.
struct LaneAck {
  proto::Lane lane = proto::Lane::kEvent;
  Position through;
};
struct LatestAck {
  std::string topic;
  std::string key;
  std::uint64_t version = 0;
};

// One atomic change: all of it is durable, or none.
struct Commit {
  std::span<const NewRow> rows;
  std::span<const StateChange> state;
  std::span<const LatestValue> latest;
  std::span<const LaneAck> acks;
  std::span<const LatestAck> latest_acks;
};

struct CommitReport {
  std::vector<EvictedRange> evicted;  // unacked ones only
  std::uint64_t evicted_acked_rows = 0;
  std::uint64_t file_bytes = 0;
};

// What an opening found.
struct OpenReport {
  proto::StreamId stream;  // new at each opening
  // The newest one that has rows: nobody else ever hears of one that was opened and killed before
  // its first row, and the chain must not break there.
  std::optional<proto::StreamId> previous_stream;
  std::map<proto::Lane, proto::Sequence> previous_last_sequence;
  bool created = false;
  std::string set_aside;  // where a damaged file was moved to; empty: none
  std::string damage;     // what was wrong with it
  // Unacked rows that had to go before the first commit, when not even the opening's own few bytes
  // had room. Empty but in the rarest case; whoever opens makes Gap events of them.
  std::vector<EvictedRange> evicted;
};

struct LaneTotals {
  std::uint64_t rows = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unacked_rows = 0;
  std::uint64_t unacked_records = 0;
  std::uint64_t unacked_bytes = 0;
  std::optional<std::int64_t> oldest_unacked_us;
};
struct SpoolTotals {
  std::map<proto::Lane, LaneTotals> lanes;
  std::uint64_t file_bytes = 0;
  std::uint64_t wal_bytes = 0;
  std::uint64_t quota_bytes = 0;
  std::uint64_t latest_unacked = 0;
  // The disk let the file grow no further: the ring turns within `file_bytes`, whatever the quota.
  // Known to the writer only.
  bool disk_full = false;
};

// Rows to append in the same commit that evicted `ranges`, after the commit's own: the Gap events.
// Called before the commit ends, more than once if it evicts in several rounds, and again for the
// same ranges if it is tried again: the rows of a commit that failed are dropped.
using EvictionObserver = std::function<std::vector<NewRow>(std::span<const EvictedRange> ranges)>;

// The one writer. One thread at a time; one per file on the machine (flock). Errors: SpoolErrc.
class Spool {
 public:
  static proto::Result<std::unique_ptr<Spool>> open(const SpoolOptions& options,
                                                    const proto::Clock& clock);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  const OpenReport& open_report() const;
  void set_eviction_observer(EvictionObserver observer);
  // Rows [from, through] must not be evicted: they are in an open transaction. One range per lane.
  void pin(proto::Lane lane, Position from, Position through);
  void unpin(proto::Lane lane);

  proto::Result<CommitReport> commit(const Commit& commit);
  // Commits say kDamaged again and again: the next opening will set the file aside for this reason.
  void condemn(const std::string& reason) const;

  proto::Result<std::optional<std::string>> state(const std::string& key);
  proto::Result<std::map<std::string, std::string>> state_with_prefix(const std::string& prefix);
  // Kept in memory, so cheap.
  const SpoolTotals& totals() const;

 private:
  struct Impl;
  explicit Spool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace buffer
