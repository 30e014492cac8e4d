// SPDX-License-Identifier: Apache-2.0
// A full or failing disk: the ring turns within what the file has reached, a commit that cannot be
// made changes nothing, and no row is lost without a name.
#include <random>

#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

using proto::Lane;
using testing::HasSubstr;

class FullDisk : public SpoolBench {
 protected:
  FullDisk() { options_.wal_checkpoint_bytes = 256 << 10; }

  // Appends one row and books what became of the others.
  void append(Spool& spool, std::size_t payload_bytes) {
    const CommitReport report = commit(spool, {make_row(Lane::kWaveform, n_++, payload_bytes)});
    for (const EvictedRange& range : report.evicted) evicted_ += range.rows;
    evicted_ += report.evicted_acked_rows;
  }
  void expect_every_row_accounted_for() {
    EXPECT_EQ(positions(Lane::kWaveform).size() + evicted_, n_);
    EXPECT_TRUE(open_reader()->verify(nullptr)->ok());
  }

  std::uint64_t n_ = 0;
  std::uint64_t evicted_ = 0;
};

TEST_F(FullDisk, TheRingTurnsWithinWhatTheFileHasReached) {
  disk_.set_capacity(4 << 20);
  const auto spool = open_spool();
  for (int i = 0; i < 200; ++i) append(*spool, i % 3 == 0 ? 120'000 : 900);
  EXPECT_GT(evicted_, 0u);
  EXPECT_TRUE(spool->totals().disk_full);
  EXPECT_LE(std::filesystem::file_size(options_.path), 4u << 20);
  expect_every_row_accounted_for();
}

TEST_F(FullDisk, TheFileGrowsAgainWhenTheDiskHasRoom) {
  disk_.set_capacity(4 << 20);
  const auto spool = open_spool();
  while (evicted_ == 0 && n_ < 100) append(*spool, 120'000);
  const auto reached = std::filesystem::file_size(options_.path);
  disk_.clear_capacity();
  append(*spool, 120'000);
  EXPECT_EQ(std::filesystem::file_size(options_.path), reached) << "asked again after a while only";
  clock_.pass_s(31);
  const std::uint64_t evicted_before = evicted_;
  for (int i = 0; i < 40; ++i) append(*spool, 120'000);
  EXPECT_EQ(evicted_, evicted_before);
  EXPECT_GT(std::filesystem::file_size(options_.path), reached);
  EXPECT_FALSE(spool->totals().disk_full);
  expect_every_row_accounted_for();
}

TEST_F(FullDisk, ASpoolOpensAndTurnsWhereNoBlockIsFree) {
  auto spool = open_spool();
  for (int i = 0; i < 60; ++i) append(*spool, 50'000);
  spool.reset();
  EXPECT_TRUE(std::filesystem::exists(options_.path + "-wal"));
  EXPECT_TRUE(std::filesystem::exists(options_.path + "-shm")) << "it could not be made anew";
  disk_.set_capacity(0);  // what there is may be overwritten, nothing may grow
  spool = open_spool();
  ASSERT_NE(spool, nullptr);
  EXPECT_EQ(spool->open_report().set_aside, "");
  for (int i = 0; i < 100; ++i) append(*spool, 50'000);
  expect_every_row_accounted_for();
}

TEST_F(FullDisk, ANewSpoolThatHasNoRoomSaysSo) {
  disk_.set_capacity(0);
  const auto spool = Spool::open(options_, clock_);
  ASSERT_FALSE(spool);
  EXPECT_EQ(spool.error().code, SpoolErrc::kFull);
  EXPECT_THAT(spool.error().message(), HasSubstr(options_.path));
}

TEST_F(FullDisk, ACommitThatTheLogHasNoRoomForChangesNothing) {
  const auto spool = open_spool();
  for (int i = 0; i < 40; ++i) append(*spool, 50'000);
  ack(*spool, Lane::kWaveform, 40);
  const SpoolContent before = content_of(options_.path);
  disk_.set_capacity(0);
  int told = 0;
  spool->set_eviction_observer([&](std::span<const EvictedRange>) {
    ++told;
    return std::vector<NewRow>();
  });
  // The log has 512 KiB: this needs more.
  const auto report = try_commit(*spool, {make_row(Lane::kEvent, 1, 1'500'000)});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, SpoolErrc::kFull);
  EXPECT_EQ(content_of(options_.path), before);
  EXPECT_EQ(told, 0) << "acked rows were enough to make room";
  for (int i = 0; i < 20; ++i) append(*spool, 50'000);
  expect_every_row_accounted_for();
}

TEST_F(FullDisk, PinnedRowsAreNotEvictedForIt) {
  disk_.set_capacity(4 << 20);
  const auto spool = open_spool();
  while (evicted_ == 0 && n_ < 100) append(*spool, 120'000);
  const auto before = positions(Lane::kWaveform);
  spool->pin(Lane::kWaveform, Position(1), Position(n_));
  proto::Result<CommitReport> report;
  for (std::uint64_t i = 0; report && i < 10; ++i) {
    report = try_commit(*spool, {make_row(Lane::kEvent, i, 150'000)});
  }
  // Events may push out events, but not the pinned rows.
  const auto after = positions(Lane::kWaveform);
  EXPECT_EQ(after, before);
  spool->pin(Lane::kEvent, Position(1), Position(100));
  report = try_commit(*spool, {make_row(Lane::kEvent, 99, 150'000)});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, SpoolErrc::kFull);
  EXPECT_THAT(report.error().message(), HasSubstr("disk is full"));
  EXPECT_THAT(report.error().message(), HasSubstr("nothing may be evicted"));
}

TEST_F(FullDisk, ACheckpointThatFailsDelaysNothingButItself) {
  const auto spool = open_spool();
  append(*spool, 120'000);
  disk_.set_fault([](DiskFile file, DiskCall call, std::int64_t, int) {
    return file == DiskFile::kMain && call == DiskCall::kWrite ? SQLITE_IOERR_WRITE : SQLITE_OK;
  });
  for (int i = 0; i < 10; ++i) append(*spool, 60'000);
  EXPECT_GT(std::filesystem::file_size(options_.path + "-wal"), 2 * options_.wal_checkpoint_bytes)
      << "the log keeps what the file does not take";
  EXPECT_EQ(positions(Lane::kWaveform).size() + evicted_, n_);
  disk_.set_fault(nullptr);
  append(*spool, 60'000);
  expect_every_row_accounted_for();
  std::filesystem::remove(options_.path + "-shm");
  const auto image = DiskReplay::load(options_.path);
  EXPECT_GT(image.main.size(), 700'000u) << "the checkpoint was made good";
}

// Any call may fail at any time, once or for a while.
class AnyCallFails : public FullDisk, public testing::WithParamInterface<int> {};

TEST_P(AnyCallFails, AndNoRowIsLostWithoutAName) {
  disk_.set_capacity(5 << 20);
  auto spool = open_spool();
  auto random = std::make_shared<std::mt19937_64>(static_cast<std::uint64_t>(GetParam()));
  auto bad = std::make_shared<int>(0);
  disk_.set_fault([random, bad](DiskFile, DiskCall call, std::int64_t, int) {
    if (*bad > 0) {
      --*bad;
    } else if ((*random)() % (call == DiskCall::kRead ? 3000 : 40) == 0) {
      *bad = static_cast<int>((*random)() % 4);
    } else {
      return SQLITE_OK;
    }
    if (call == DiskCall::kRead) return SQLITE_IOERR_READ;
    if (call == DiskCall::kSync) return SQLITE_IOERR_FSYNC;
    return (*random)() % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  });
  int failed = 0;
  for (int i = 0; i < 250; ++i) {
    const std::vector rows = {make_row(Lane::kWaveform, n_, (*random)() % 3 * 60'000 + 50)};
    auto report = try_commit(*spool, rows);
    while (!report && failed < 10'000) {
      ++failed;
      report = try_commit(*spool, rows);
    }
    ASSERT_TRUE(report) << report.error().message();
    ++n_;
    for (const EvictedRange& range : report->evicted) evicted_ += range.rows;
  }
  EXPECT_GT(failed, 0);
  EXPECT_GT(evicted_, 0u);
  disk_.set_fault(nullptr);
  expect_every_row_accounted_for();
  EXPECT_EQ(positions(Lane::kWaveform).back(), n_) << "a failed commit used up a position";
  const SpoolContent before = content_of(options_.path);
  spool.reset();
  spool = open_spool();
  EXPECT_EQ(spool->open_report().set_aside, "");
  EXPECT_EQ(content_of(options_.path), before);
}
INSTANTIATE_TEST_SUITE_P(Seeds, AnyCallFails, testing::Range(1, 7));

}  // namespace
}  // namespace buffer
