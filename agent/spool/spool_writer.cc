// SPDX-License-Identifier: Apache-2.0
#include "agent/spool/spool_writer.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "agent/spool/pending_changes.h"
#include "buffer/spool_errc.h"

namespace agent {
namespace {

using SteadyClock = std::chrono::steady_clock;

// SQLite reads damage from the disk each time; once may be the disk's mistake.
constexpr int kDamagedCommitsMax = 3;

double milliseconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - begin).count();
}

// Rows and changes of several entries as one commit wants them. They are moved in, and stay here
// until the commit returned ok.
struct Gathered {
  std::vector<buffer::NewRow> rows;
  std::vector<buffer::StateChange> state;
  std::vector<buffer::LatestValue> latest;

  void take(SpoolEntry& entry) {
    std::move(entry.rows.begin(), entry.rows.end(), std::back_inserter(rows));
    std::move(entry.state.begin(), entry.state.end(), std::back_inserter(state));
    std::move(entry.latest.begin(), entry.latest.end(), std::back_inserter(latest));
  }
};

}  // namespace

struct SpoolWriter::Impl {
  Impl(std::unique_ptr<buffer::Spool> opened, SpoolQueue& from, SpoolWriterOptions wanted)
      : spool(std::move(opened)), queue(from), options(wanted) {
    status.totals = spool->totals();
  }

  void run();
  void commit_until_done(std::vector<SpoolEntry> entries);
  proto::Result<buffer::CommitReport> commit_once(const Gathered& gathered);
  void judge(const proto::Error& error);
  void publish(const proto::Result<buffer::CommitReport>& report, std::size_t rows, double took_ms);
  bool wait(std::chrono::milliseconds delay);
  void apply_pins();

  std::unique_ptr<buffer::Spool> spool;  // of the thread, once it runs
  SpoolQueue& queue;
  const SpoolWriterOptions options;
  std::thread thread;

  mutable std::mutex mutex;
  std::condition_variable changed;
  // All below is guarded by mutex.
  bool stopping = false;
  bool committing = false;
  bool pins_changed = false;
  SteadyClock::time_point give_up_at = SteadyClock::time_point::max();
  std::uint64_t notifications = 0;
  int damaged_commits = 0;  // in a row
  PendingChanges pending;
  std::map<proto::Lane, std::optional<std::pair<buffer::Position, buffer::Position>>> pins;
  SpoolWriterStatus status;
};

void SpoolWriter::Impl::run() {
  while (true) {
    const auto begin = SteadyClock::now();
    auto entries = queue.take_all(begin + options.commit_interval);
    bool nothing = entries.empty();
    bool last = false;
    {
      const std::lock_guard lock(mutex);
      ++status.heartbeat;
      nothing = nothing && pending.empty();
      last = stopping;
    }
    if (!nothing) commit_until_done(std::move(entries));
    // Producers had stopped before `stopping` was set, so an empty queue stays empty.
    if (last && nothing) return;
    if (last && SteadyClock::now() >= give_up_at) return;
    // Group commit: what arrives within the interval shares the next fsync.
    if (!nothing)
      wait(options.commit_interval -
           std::chrono::milliseconds(static_cast<int>(milliseconds_since(begin))));
  }
}

// Commits all entries, a bounded part at a time. A part that fails is tried again as it is: later
// entries wait behind it, and the queue's bound makes their producers count an overrun.
void SpoolWriter::Impl::commit_until_done(std::vector<SpoolEntry> entries) {
  std::size_t next = 0;
  do {
    std::vector<SpoolEntry> part;
    std::uint64_t bytes = 0;
    while (next < entries.size() && (part.empty() || bytes < options.commit_bytes_max)) {
      bytes += entries[next].size_bytes();
      part.push_back(std::move(entries[next++]));
    }
    // The queue's books need sizes, and take() leaves none behind.
    std::vector<std::pair<std::string, std::uint64_t>> shares;
    Gathered gathered;
    for (SpoolEntry& entry : part) {
      shares.emplace_back(entry.producer, entry.size_bytes());
      gathered.take(entry);
    }
    while (!commit_once(gathered)) {
      if (!wait(options.retry_delay)) return;
    }
    for (const auto& [producer, size_bytes] : shares) queue.release(producer, size_bytes);
    for (const SpoolEntry& entry : part) {
      if (entry.on_durable) entry.on_durable();
    }
  } while (next < entries.size());
}

proto::Result<buffer::CommitReport> SpoolWriter::Impl::commit_once(const Gathered& gathered) {
  PendingChanges taken;
  {
    const std::lock_guard lock(mutex);
    std::swap(taken, pending);
    committing = true;
    apply_pins();
  }
  auto state = gathered.state;
  auto single = taken.state();
  std::move(single.begin(), single.end(), std::back_inserter(state));
  const auto acks = taken.acks();
  const auto latest_acks = taken.latest_acks();
  const auto begin = SteadyClock::now();
  auto report = spool->commit({.rows = gathered.rows,
                               .state = state,
                               .latest = gathered.latest,
                               .acks = acks,
                               .latest_acks = latest_acks});
  const double took_ms = milliseconds_since(begin);
  {
    const std::lock_guard lock(mutex);
    committing = false;
    apply_pins();
    if (!report) pending.give_back(std::move(taken));
    publish(report, gathered.rows.size(), took_ms);
  }
  changed.notify_all();
  return report;
}

// Under the mutex.
void SpoolWriter::Impl::publish(const proto::Result<buffer::CommitReport>& report, std::size_t rows,
                                double took_ms) {
  ++status.heartbeat;
  status.last_commit_ms = took_ms;
  status.worst_commit_ms = std::max(status.worst_commit_ms, took_ms);
  if (!report) {
    status.last_error = report.error().message();
    judge(report.error());
    return;
  }
  status.last_error.clear();
  damaged_commits = 0;
  ++status.commits_total;
  status.appended_rows_total += rows;
  status.evicted_rows_total += report->evicted_acked_rows;
  for (const auto& range : report->evicted) status.evicted_rows_total += range.rows;
  status.totals = spool->totals();
}

// Under the mutex.
void SpoolWriter::Impl::judge(const proto::Error& error) {
  damaged_commits = error.code == buffer::SpoolErrc::kDamaged ? damaged_commits + 1 : 0;
  if (damaged_commits < kDamagedCommitsMax || status.condemned) return;
  spool->condemn(error.message());
  status.condemned = true;
}

// False when it is time to give up.
bool SpoolWriter::Impl::wait(std::chrono::milliseconds delay) {
  std::unique_lock lock(mutex);
  ++status.heartbeat;
  // A stop ends the wait between two commits, but does not turn retries into a busy loop.
  const bool retrying = !status.last_error.empty();
  changed.wait_for(lock, delay, [&] { return stopping && !retrying; });
  return SteadyClock::now() < give_up_at;
}

// Under the mutex, with no commit running: pins belong to the spool's thread or to nobody.
void SpoolWriter::Impl::apply_pins() {
  if (!pins_changed) return;
  pins_changed = false;
  for (const auto& [lane, range] : pins) {
    if (range) {
      spool->pin(lane, range->first, range->second);
    } else {
      spool->unpin(lane);
    }
  }
}

SpoolWriter::SpoolWriter(std::unique_ptr<buffer::Spool> spool, SpoolQueue& queue,
                         SpoolWriterOptions options)
    : impl_(std::make_unique<Impl>(std::move(spool), queue, options)) {}

SpoolWriter::~SpoolWriter() { stop(); }

void SpoolWriter::start() {
  impl_->thread = std::thread([this] { impl_->run(); });
}

void SpoolWriter::stop() {
  if (!impl_->thread.joinable()) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->give_up_at = SteadyClock::now() + impl_->options.stop_retries_max;
  }
  impl_->changed.notify_all();
  impl_->queue.stop();
  impl_->thread.join();
}

void SpoolWriter::ack(const buffer::LaneAck& ack) {
  const std::lock_guard lock(impl_->mutex);
  impl_->pending.ack(ack);
}

void SpoolWriter::ack_latest(const buffer::LatestAck& ack) {
  const std::lock_guard lock(impl_->mutex);
  impl_->pending.ack_latest(ack);
}

void SpoolWriter::set_state(buffer::StateChange change) {
  const std::lock_guard lock(impl_->mutex);
  impl_->pending.set_state(std::move(change));
}

void SpoolWriter::pin(proto::Lane lane, buffer::Position from, buffer::Position through) {
  std::unique_lock lock(impl_->mutex);
  impl_->pins[lane] = {from, through};
  impl_->pins_changed = true;
  impl_->changed.wait(lock, [this] { return !impl_->committing; });
}

void SpoolWriter::unpin(proto::Lane lane) {
  const std::lock_guard lock(impl_->mutex);
  impl_->pins[lane] = std::nullopt;
  impl_->pins_changed = true;
}

std::uint64_t SpoolWriter::wait_commit(std::uint64_t seen, SteadyClock::time_point deadline) {
  std::unique_lock lock(impl_->mutex);
  const std::uint64_t before = impl_->notifications;
  impl_->changed.wait_until(lock, deadline, [&] {
    return impl_->status.commits_total > seen || impl_->notifications != before;
  });
  return impl_->status.commits_total;
}

void SpoolWriter::notify() {
  {
    const std::lock_guard lock(impl_->mutex);
    ++impl_->notifications;
  }
  impl_->changed.notify_all();
}

SpoolWriterStatus SpoolWriter::status() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->status;
}

}  // namespace agent
