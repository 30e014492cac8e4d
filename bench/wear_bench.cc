// SPDX-License-Identifier: Apache-2.0
// What a spool that has turned over writes to its disk per byte of payload, with the rows, the
// commits and the acks of one instrument. Counted below the spool's own layer: every block of 4 KiB
// that is touched between two syncs is written once. The kernel's own count (/proc/self/io) is no
// use: with large folios it takes 128 KiB for each 4 KiB that are made dirty.
#include <deque>
#include <unordered_set>

#include "bench/emulated_blocks.h"
#include "bench/table.h"
#include "buffer/spool.h"
#include "buffer/vfs_shim.h"

namespace {

using bench::require;

constexpr std::uint64_t kRingBytes = 16 << 20;  // the smallest: it turns soonest
constexpr std::size_t kAckDelayCommits = 2;     // a transaction is closed each 200 ms
constexpr double kSecondsPerYear = 365.25 * 86'400;

constexpr sqlite3_int64 kBlockBytes = 4096;

struct Wear {
  std::string what;
  agent::PipelineOptions options;
  std::int64_t duration_s = 0;
  double must = 0;  // 0: not judged
  double aim = 0;
  std::int64_t commit_interval_ns = 100'000'000;  // spool.commit_interval
};

struct Written {
  std::uint64_t block_bytes = 0;  // what the disk gets
  std::uint64_t asked_bytes = 0;  // what SQLite wrote
  std::uint64_t syncs = 0;
};

// Counts what goes to the operating system.
class CountingVfs final : public buffer::VfsShim {
 public:
  CountingVfs() : VfsShim("counting", nullptr, true) {}
  std::unique_ptr<buffer::FileLayer> wrap(const char* /*path*/, int /*flags*/,
                                          sqlite3_file* below) override {
    return std::make_unique<Layer>(below, *this);
  }
  Written written;

 private:
  class Layer final : public buffer::FileLayer {
   public:
    Layer(sqlite3_file* below, CountingVfs& counts) : FileLayer(below), counts_(counts) {}
    int write(const void* from, int size, sqlite3_int64 at) override {
      counts_.written.asked_bytes += static_cast<std::uint64_t>(size);
      for (auto block = at / kBlockBytes; block * kBlockBytes < at + size; ++block) {
        dirty_.insert(block);
      }
      return FileLayer::write(from, size, at);
    }
    int sync(int flags) override {
      ++counts_.written.syncs;
      counts_.written.block_bytes += dirty_.size() * kBlockBytes;
      dirty_.clear();
      return FileLayer::sync(flags);
    }

   private:
    CountingVfs& counts_;
    std::unordered_set<sqlite3_int64> dirty_;
  };
};

// A spool that gets one instrument's entries as the writer thread would give them.
class WornSpool {
 public:
  WornSpool(const bench::ScratchDir& dir, const Wear& wear, CountingVfs& counts)
      : counts_(counts),
        commit_interval_ns_(wear.commit_interval_ns),
        pipeline_(wear.options, [this](agent::SpoolEntry&& entry) {
          take(std::move(entry));
          return true;
        }) {
    buffer::SpoolOptions spool_options;
    spool_options.path = dir.file("spool.db");
    spool_options.quota_bytes = kRingBytes;
    auto opened = buffer::Spool::open(spool_options, clock_);
    require(opened.has_value(), "open spool");
    spool_ = std::move(*opened);
  }

  // Rows of an earlier life fill the ring to its quota and are acked.
  void turn_over() {
    while (evicted_rows_ == 0) {
      buffer::NewRow row;
      row.facts.lane = proto::Lane::kWaveform;
      row.payload.resize(200 << 10);
      rows_.push_back(std::move(row));
      commit();
    }
  }

  void run(std::int64_t duration_ns) {
    const std::int64_t end_ns = pipeline_.elapsed_ns() + duration_ns;
    while (pipeline_.elapsed_ns() < end_ns) {
      pipeline_.feed();
      if (pipeline_.elapsed_ns() - committed_ns_ < commit_interval_ns_) continue;
      committed_ns_ = pipeline_.elapsed_ns();
      commit();
    }
  }

  std::uint64_t payload_bytes() const { return payload_bytes_; }
  Written written() const { return counts_.written; }

 private:
  void take(agent::SpoolEntry&& entry) {
    for (auto& row : entry.rows) rows_.push_back(std::move(row));
    for (auto& change : entry.state) state_.push_back(std::move(change));
    for (auto& value : entry.latest) latest_.push_back(std::move(value));
  }

  void commit() {
    std::vector<buffer::LaneAck> acks;
    if (to_ack_.size() >= kAckDelayCommits) {
      for (const auto& [lane, last] : to_ack_[kAckDelayCommits - 1]) acks.push_back({lane, last});
      to_ack_.clear();
    }
    for (const auto& row : rows_) {
      payload_bytes_ += row.payload.size();
      last_[row.facts.lane] = last_[row.facts.lane].next();
    }
    const auto done = spool_->commit(
        {.rows = rows_, .state = state_, .latest = latest_, .acks = acks, .latest_acks = {}});
    require(done.has_value(), done ? "" : done.error().message());
    to_ack_.push_back(last_);
    evicted_rows_ += done->evicted_acked_rows;
    rows_.clear();
    state_.clear();
    latest_.clear();
  }

  CountingVfs& counts_;
  const std::int64_t commit_interval_ns_;
  proto::SystemClock clock_;
  std::vector<buffer::NewRow> rows_;
  std::vector<buffer::StateChange> state_;
  std::vector<buffer::LatestValue> latest_;
  std::map<proto::Lane, buffer::Position> last_;
  std::deque<std::map<proto::Lane, buffer::Position>> to_ack_;
  std::unique_ptr<buffer::Spool> spool_;
  std::uint64_t payload_bytes_ = 0;
  std::uint64_t evicted_rows_ = 0;
  std::int64_t committed_ns_ = 0;
  bench::FedPipeline pipeline_;  // last: it calls take() from its constructor on
};

void measure(const Wear& wear, bench::Table& table) {
  const bench::ScratchDir dir;
  CountingVfs counts;
  WornSpool spool(dir, wear, counts);
  spool.turn_over();
  spool.run(5'000'000'000);
  const Written before = spool.written();
  const std::uint64_t payload_before = spool.payload_bytes();
  spool.run(wear.duration_s * 1'000'000'000);
  const Written after = spool.written();
  const auto payload = static_cast<double>(spool.payload_bytes() - payload_before);
  const auto blocks = static_cast<double>(after.block_bytes - before.block_bytes);
  const auto asked = static_cast<double>(after.asked_bytes - before.asked_bytes);
  const auto seconds = static_cast<double>(wear.duration_s);
  bench::Figure ratio{
      "bytes written to disk per payload byte, " + wear.what, blocks / payload, "", {}, {}, {}};
  if (wear.must > 0) {
    ratio.must = bench::at_most(wear.must);
    ratio.aim = bench::at_most(wear.aim);
  }
  table.add(ratio);
  table.add({"  the same, as SQLite asked for it", asked / payload, "", {}, {}, {}});
  table.add({"  payload of one instrument", payload / seconds / 1e3, "kB/s", {}, {}, {}});
  table.add({"  written in a year", blocks / seconds * kSecondsPerYear / 1e12, "TB", {}, {}, {}});
  table.add(
      {"  syncs", static_cast<double>(after.syncs - before.syncs) / seconds, "1/s", {}, {}, {}});
}

}  // namespace

int main(int argc, char** argv) {
  bench::Table table("wear of the disk", argc, argv);
  measure({"default lanes", {}, 300, 8, 4}, table);
  Wear full = {"waveform at full rate", {}, 20, 2.6, 2.2};
  full.options.waveform = agent::WaveformMode::kFull;
  measure(full, table);
  // What the settings are worth (packaging/README.md, Wear of the disk).
  Wear off = {"waveform.rate = off", {}, 300};
  off.options.waveform = agent::WaveformMode::kOff;
  measure(off, table);
  Wear slow = {"spool.commit_interval = 1s", {}, 300};
  slow.commit_interval_ns = 1'000'000'000;
  measure(slow, table);
  slow.options.waveform = agent::WaveformMode::kOff;
  slow.what = "both";
  measure(slow, table);
  return table.finish();
}
