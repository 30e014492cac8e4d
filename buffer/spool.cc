// SPDX-License-Identifier: Apache-2.0
#include "buffer/spool.h"

#include <algorithm>
#include <utility>

#include "buffer/spool_file.h"
#include "buffer/spool_impl.h"
#include "proto/check.h"
#include "proto/crc32c.h"

namespace buffer {
namespace {

// Pages kept free beyond what a commit is thought to need: tree nodes, state, the freelist.
constexpr std::uint64_t kSparePages = 24;
// Evicted at once, at least, so that not every commit of a full ring has to evict.
constexpr std::uint64_t kEvictBytesMin = 256 << 10;
// How often a commit is tried when there is no room for it: once more after a checkpoint, which
// frees the WAL, then with more room in the file, should it be larger than thought.
constexpr int kCommitAttempts = 4;
// What make_room() answers when nothing may go; an extended code of SQLITE_FULL.
constexpr int kNothingEvictable = SQLITE_FULL | (0x7F << 8);

std::uint64_t row_bytes(const NewRow& row) {
  constexpr std::uint64_t kFactsBytes = 160;
  return row.payload.size() + row.facts.topic.size() + row.facts.key.size() +
         row.facts.device_id.size() + kFactsBytes;
}

}  // namespace

Spool::Spool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Spool::~Spool() = default;

const OpenReport& Spool::open_report() const { return impl_->report; }
const SpoolTotals& Spool::totals() const { return impl_->totals; }

void Spool::set_eviction_observer(EvictionObserver observer) {
  impl_->observer = std::move(observer);
}

void Spool::pin(proto::Lane lane, Position from, Position through) {
  impl_->pins[slot(lane)] = Pin{from, through};
}

void Spool::unpin(proto::Lane lane) { impl_->pins[slot(lane)].reset(); }

void Spool::condemn(const std::string& reason) const {
  buffer::condemn(impl_->options.path, reason);
}

proto::Result<std::optional<std::string>> Spool::state(const std::string& key) {
  return impl_->state.get(key);
}

proto::Result<std::map<std::string, std::string>> Spool::state_with_prefix(
    const std::string& prefix) {
  return impl_->state.with_prefix(prefix);
}

proto::Result<CommitReport> Spool::commit(const Commit& commit) { return impl_->commit(commit); }

std::uint64_t Spool::Impl::pages_for(std::span<const NewRow> new_rows) const {
  std::uint64_t small_bytes = 0;
  std::uint64_t pages = 0;
  for (const NewRow& row : new_rows) {
    const std::uint64_t bytes = row_bytes(row);
    if (bytes < space.page_bytes() / 2) {
      small_bytes += bytes;
    } else {
      pages += space.pages_for(bytes) + 1;
    }
  }
  // Leaves fill up in order; the worst is a leaf that holds a single row of just over a half.
  return pages + 2 * space.pages_for(small_bytes);
}

proto::Result<CommitReport> Spool::Impl::commit(const Commit& commit) {
  const std::string what = "commit to spool " + options.path;
  std::uint64_t pages = pages_for(commit.rows);
  for (const StateChange& change : commit.state) {
    pages += space.pages_for(change.key.size() + (change.value ? change.value->size() : 0));
  }
  for (const LatestValue& value : commit.latest) pages += 1 + space.pages_for(value.value.size());
  if (pages + kSparePages > space.quota_pages()) {
    return proto::fail(SpoolErrc::kFull,
                       what + ": it needs " + std::to_string(pages * space.page_bytes()) +
                           " bytes, the quota is " + std::to_string(options.quota_bytes) +
                           "; raise the quota or commit less at once");
  }
  int code = SQLITE_OK;
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    CommitReport done;
    code = try_commit(commit, pages + kSparePages, done);
    if (code == SQLITE_OK) {
      // The commit is durable whatever becomes of the checkpoint: its failure shows in the WAL's
      // size and, when the WAL cannot grow either, in the next commit.
      space.checkpoint_if_due();
      refresh_totals();
      done.file_bytes = totals.file_bytes;
      return done;
    }
    if ((code & 0xFF) != SQLITE_FULL || code == kNothingEvictable) break;
    space.checkpoint();
    if (attempt > 0) pages = 2 * pages + kSparePages;
  }
  if (code == kNothingEvictable) {
    return proto::fail(SpoolErrc::kFull,
                       what +
                           (space.disk_is_full() ? ": the disk is full" : ": the quota is used") +
                           " and nothing may be evicted: all rows are being sent");
  }
  return db.failure(code, what);
}

int Spool::Impl::try_commit(const Commit& commit, std::uint64_t pages, CommitReport& done) {
  LaneLedgers next = ledgers;
  std::array<bool, kLaneSlots> changed{};
  Transaction transaction(db, "BEGIN IMMEDIATE");
  int code = transaction.begin_code();
  for (const LaneAck& ack : commit.acks) {
    if (code == SQLITE_OK) code = apply_ack(ack, next, changed);
  }
  std::vector<NewRow> gaps;
  if (code == SQLITE_OK) code = make_room(pages, next, changed, gaps, done);
  if (code == SQLITE_OK) code = append(commit.rows, next);
  if (code == SQLITE_OK) code = append(gaps, next);
  for (const StateChange& change : commit.state) {
    if (code != SQLITE_OK) break;
    code = change.value ? state.put(change.key, *change.value) : state.remove(change.key);
  }
  if (code == SQLITE_OK) code = apply_latest(commit);
  for (const proto::Lane lane : kRowLanes) {
    if (code != SQLITE_OK || !changed[slot(lane)]) continue;
    code = state.put(lane_state_key(lane), next[slot(lane)].floor().to_text());
  }
  if (code == SQLITE_OK) code = transaction.commit();
  if (code == SQLITE_OK) ledgers = std::move(next);
  return code;
}

int Spool::Impl::apply_ack(const LaneAck& ack, LaneLedgers& next,
                           std::array<bool, kLaneSlots>& changed) {
  LaneLedger& ledger = next[slot(ack.lane)];
  WS_CHECK(ack.through <= ledger.tail);  // an ack of the future would swallow rows to come
  if (ack.through <= ledger.watermark) return SQLITE_OK;
  ledger.watermark = ack.through;
  changed[slot(ack.lane)] = true;
  return refresh_acked(rows, ack.lane, ledger);
}

int Spool::Impl::make_room(std::uint64_t pages, LaneLedgers& next,
                           std::array<bool, kLaneSlots>& changed, std::vector<NewRow>& gaps,
                           CommitReport& done) {
  Evictor evictor(rows);
  std::uint64_t free = space.free_pages();
  while (free < pages) {
    if (space.grow(pages - free)) {
      free = space.free_pages();
      continue;
    }
    Eviction eviction;
    while (free < pages) {
      const std::uint64_t wanted = (pages - free) * space.page_bytes();
      const int code = evictor.step(next, pins, std::max(wanted, kEvictBytesMin), eviction);
      if (code != SQLITE_OK) return code == SQLITE_DONE ? kNothingEvictable : code;
      free = space.free_pages();
    }
    for (std::size_t i = 0; i < kLaneSlots; ++i) changed[i] = changed[i] || eviction.lanes[i];
    done.evicted_acked_rows += eviction.acked_rows;
    if (eviction.ranges.empty()) continue;
    if (observer) {
      std::vector<NewRow> told = observer(eviction.ranges);
      pages += pages_for(told);
      std::ranges::move(told, std::back_inserter(gaps));
    }
    std::ranges::move(eviction.ranges, std::back_inserter(done.evicted));
  }
  return SQLITE_OK;
}

int Spool::Impl::append(std::span<const NewRow> new_rows, LaneLedgers& next) {
  for (const NewRow& row : new_rows) {
    const proto::Lane lane = row.facts.lane;
    WS_CHECK(lane != proto::Lane::kState && row.facts.count > 0);
    LaneLedger& ledger = next[slot(lane)];
    StoredMeta stored;
    stored.meta.facts = row.facts;
    stored.meta.position = ledger.tail.next();
    stored.meta.stream = report.stream;
    stored.meta.seq_first = ledger.seq_last.next();
    stored.meta.crc32c = proto::crc32c(row.payload);
    stored.meta.payload_bytes = row.payload.size();
    stored.records_before = ledger.end.records;
    stored.bytes_before = ledger.end.bytes;
    const int code = rows.insert(stored, row.payload);
    if (code != SQLITE_OK) return code;
    if (ledger.unacked_from > ledger.tail) ledger.oldest_unacked_us = row.facts.t_first_us;
    ledger.tail = stored.meta.position;
    ledger.seq_last = proto::Sequence(ledger.seq_last.value() + row.facts.count);
    ledger.end = {stored.records_after(), stored.bytes_after()};
  }
  return SQLITE_OK;
}

int Spool::Impl::apply_latest(const Commit& commit) {
  int code = SQLITE_OK;
  for (const LatestAck& ack : commit.latest_acks) {
    if (code == SQLITE_OK) code = state.ack_latest(ack.topic, ack.key, ack.version);
  }
  for (const LatestValue& value : commit.latest) {
    if (code == SQLITE_OK) code = state.put_latest(value);
  }
  return code;
}

void Spool::Impl::refresh_totals() {
  totals = totals_of(ledgers);
  totals.file_bytes = space.file_bytes();
  totals.wal_bytes = space.wal_bytes();
  totals.quota_bytes = options.quota_bytes;
  totals.disk_full = space.disk_is_full();
  if (const auto count = state.latest_count()) totals.latest_unacked = *count;
}

}  // namespace buffer
