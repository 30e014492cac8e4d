// SPDX-License-Identifier: Apache-2.0
// A power cut at any write: what was written and not synced survives whole, in part, torn or not at
// all. What is found afterwards is one of the commits' states, and none older than the last one
// that returned ok.
//
// WATTSPOOL_POWER_CUTS: how many cuts each case makes.
#include <cstdlib>
#include <random>

#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

using proto::Lane;

constexpr std::size_t kPayloads[] = {60, 700, 9'000, 40, 26'000, 300};

int cuts_per_case() {
  const char* const text = std::getenv("WATTSPOOL_POWER_CUTS");
  return text == nullptr ? 60 : std::atoi(text);
}

class PowerCut : public SpoolBench, public testing::WithParamInterface<int> {
 protected:
  // What a reader saw after each commit, and how long the disk's log was when the commit returned.
  struct Milestone {
    std::size_t log_size = 0;
    SpoolContent content;
  };

  void milestone() { milestones_.push_back({disk_.log().size(), content_of(options_.path)}); }

  // One commit of anything, tried until it is acknowledged; how often it was not.
  int commit_anything(Spool& spool, std::uint64_t n) {
    std::vector<NewRow> rows;
    for (std::uint64_t i = random_() % 4 + 1; i > 0; --i) {
      rows.push_back(make_row(kAllRowLanes[random_() % 4], n * 10 + i, kPayloads[random_() % 6]));
    }
    const std::vector<StateChange> state = {{"test.n", std::to_string(n)}};
    const std::vector<LatestValue> latest = {{"topic", "key" + std::to_string(n % 3), "v", 1, 0}};
    std::vector<LaneAck> acks;
    for (const auto& [lane, totals] : spool.totals().lanes) {
      if (random_() % 3 == 0) acks.push_back({lane, Position(random_() % (tails_[lane] + 1))});
    }
    Commit commit;
    commit.rows = rows;
    commit.state = state;
    commit.latest = latest;
    commit.acks = acks;
    int failed = 0;
    while (!spool.commit(commit)) ++failed;
    for (const NewRow& row : rows) ++tails_[row.facts.lane];
    return failed;
  }

  // What is found after a cut when the log was `log_size` long.
  void expect_a_milestone(const DiskReplay::Image& image, std::size_t log_size) {
    std::size_t acked = 0;
    while (acked + 1 < milestones_.size() && milestones_[acked + 1].log_size <= log_size) ++acked;
    SpoolOptions after = options_;
    after.path = folder_ / "after.db";
    DiskReplay::store(image, after.path);
    const SpoolContent found = content_of(after.path);
    const bool is_acked = found == milestones_[acked].content;
    const bool is_next = acked + 1 < milestones_.size() && found == milestones_[acked + 1].content;
    ASSERT_TRUE(is_acked || is_next)
        << found.lines.size() << " lines; the last acknowledged commit left "
        << milestones_[acked].content.lines.size();
    const auto reader = SpoolReader::open(after.path);
    ASSERT_TRUE(reader);
    const auto report = (*reader)->verify(nullptr);
    ASSERT_TRUE(report && report->ok()) << (report->structure.empty() ? "" : report->structure[0]);
    auto spool = Spool::open(after, clock_);
    ASSERT_TRUE(spool) << spool.error().message();
    ASSERT_EQ((*spool)->open_report().set_aside, "") << (*spool)->open_report().damage;
    ASSERT_EQ(content_of(after.path), found) << "opening changed what was there";
    const auto more = try_commit(**spool, {make_row(Lane::kEvent, 1'000'000, 500)});
    ASSERT_TRUE(more) << more.error().message();
  }

  // Cuts all over the log, the more often the more was unsynced.
  void cut_everywhere(const DiskReplay::Image& start, int cuts_wanted = cuts_per_case()) {
    disk_.stop_log();
    std::vector<std::size_t> cuts;
    for (int i = cuts_wanted; i > 0; --i) cuts.push_back(random_() % (disk_.log().size() + 1));
    std::ranges::sort(cuts);
    DiskReplay replay(start, disk_.log());
    for (const std::size_t at : cuts) {
      replay.advance(at);
      const auto fate = static_cast<DiskReplay::Fate>(random_() % 4);
      const std::size_t sector = random_() % 2 == 0 ? 512 : 4096;
      const std::uint64_t seed = random_();
      SCOPED_TRACE(testing::Message()
                   << "cut after " << at << " of " << disk_.log().size() << " calls, fate "
                   << static_cast<int>(fate) << ", sector " << sector << ", seed " << seed);
      ASSERT_NO_FATAL_FAILURE(expect_a_milestone(replay.cut(fate, sector, seed), at));
    }
  }

  std::mt19937_64 random_{static_cast<std::uint64_t>(GetParam())};
  std::map<Lane, std::uint64_t> tails_;
  std::vector<Milestone> milestones_;
};

TEST_P(PowerCut, LeavesACommittedState) {
  options_.wal_checkpoint_bytes = 96 << 10;  // many checkpoints and turns of the WAL
  options_.page_bytes = GetParam() % 2 == 0 ? 4096 : 1024;
  auto spool = open_spool();
  const auto start = DiskReplay::load(options_.path);
  disk_.start_log();
  milestone();
  for (std::uint64_t n = 1; n <= 60; ++n) {
    ASSERT_EQ(commit_anything(*spool, n), 0);
    milestone();
    if (n % 20 != 0) continue;
    spool.reset();  // with the checkpoint of a close
    spool = open_spool();
  }
  ASSERT_NO_FATAL_FAILURE(cut_everywhere(start));
}

// A large transaction leaves SQLite's cache before its end, so frames of a commit that never was
// lie in the WAL.
TEST_P(PowerCut, InALargeCommitShowsAllOfItOrNothing) {
  options_.wal_checkpoint_bytes = 1 << 20;
  const auto spool = open_spool();
  const auto start = DiskReplay::load(options_.path);
  disk_.start_log();
  milestone();
  for (std::uint64_t n = 0; n < 4; ++n) {
    commit(*spool, make_rows(Lane::kWaveform, n * 10, n % 2 == 0 ? 7 : 1, 700'000));
    milestone();
  }
  ASSERT_NO_FATAL_FAILURE(cut_everywhere(start, cuts_per_case() / 3));
}

// On a full disk the ring turns within what the files have reached.
TEST_P(PowerCut, OnAFullDiskToo) {
  options_.wal_checkpoint_bytes = 128 << 10;
  disk_.set_capacity(3 << 20);
  const auto spool = open_spool();
  std::uint64_t n = 0;
  while (spool->totals().lanes.at(Lane::kWaveform).bytes < 2'200'000 && n < 500) {
    commit(*spool, {make_row(Lane::kWaveform, n++, 50'000)});
    ++tails_[Lane::kWaveform];
  }
  const auto start = DiskReplay::load(options_.path);
  disk_.start_log();
  milestone();
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto report = try_commit(*spool, {make_row(Lane::kWaveform, n + i, 60'000)});
    ASSERT_TRUE(report) << report.error().message();
    milestone();
  }
  disk_.clear_capacity();
  ASSERT_NO_FATAL_FAILURE(cut_everywhere(start));
}

// A failed sync makes the kernel forget what was to be written: it is read back well and is lost
// with the power. What was promised later must not build on it.
TEST_P(PowerCut, AfterFailedSyncsNothingPromisedIsLost) {
  options_.wal_checkpoint_bytes = 96 << 10;
  const auto spool = open_spool();
  const auto start = DiskReplay::load(options_.path);
  disk_.start_log();
  milestone();
  auto fail = std::make_shared<std::mt19937_64>(static_cast<std::uint64_t>(GetParam()));
  disk_.set_fault([fail](DiskFile, DiskCall call, std::int64_t, int) {
    return call == DiskCall::kSync && (*fail)() % 5 == 0 ? SQLITE_IOERR_FSYNC : SQLITE_OK;
  });
  int failed = 0;  // what a failed commit wrote may be found after a cut: its retry is the same
  for (std::uint64_t n = 1; n <= 60; ++n) {
    failed += commit_anything(*spool, n);
    milestone();
  }
  EXPECT_GT(failed, 0);
  disk_.set_fault(nullptr);
  ASSERT_NO_FATAL_FAILURE(cut_everywhere(start));
}

INSTANTIATE_TEST_SUITE_P(Seeds, PowerCut, testing::Range(1, 5));

}  // namespace
}  // namespace buffer
