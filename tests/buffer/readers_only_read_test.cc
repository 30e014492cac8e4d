// SPDX-License-Identifier: Apache-2.0
// A reader works beside the writer, after its death and in a folder that it may not write to; it
// changes nothing, and what it reads costs the same in a long lane as in a short one.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

using proto::Lane;
using testing::HasSubstr;
using ReadersOnlyRead = SpoolBench;

// Leaves the files as a kill would: rows in the WAL that no checkpoint has copied.
void die_with_rows(const SpoolOptions& options, const proto::Clock& clock) {
  const pid_t child = fork();
  if (child == 0) {
    auto spool = Spool::open(options, clock);
    const auto rows = make_rows(Lane::kTelemetry, 0, 20, 1000);
    Commit commit;
    commit.rows = rows;
    const bool done = spool && (*spool)->commit(commit);
    _exit(done ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
}

TEST_F(ReadersOnlyRead, BesideTheWriterEachReadIsOneCommit) {
  options_.wal_checkpoint_bytes = 256 << 10;
  const auto spool = open_spool();
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> committed{0};
  std::uint64_t reads = 0;
  std::thread reading([&] {
    const auto reader = open_reader();
    while (!done || reads == 0) {
      const std::uint64_t at_least = committed;
      // Two lanes are written in the same commits.
      const auto totals = reader->totals();
      ASSERT_TRUE(totals) << totals.error().message();
      ASSERT_EQ(totals->lanes.at(Lane::kTelemetry).rows, totals->lanes.at(Lane::kEvent).rows);
      ASSERT_GE(totals->lanes.at(Lane::kEvent).rows, at_least);
      const auto rows = reader->read(Lane::kTelemetry, Position(at_least / 2), {.rows_max = 1000});
      ASSERT_TRUE(rows) << rows.error().message();
      ASSERT_GE(rows->size() + at_least / 2, at_least);
      ++reads;
    }
  });
  for (std::uint64_t n = 0; n < 300; ++n) {
    commit(*spool, {make_row(Lane::kTelemetry, n, 2000), make_row(Lane::kEvent, n, 1500)});
    committed = n + 1;
  }
  done = true;
  reading.join();
  EXPECT_GT(reads, 0u);
  EXPECT_TRUE(open_reader()->verify(nullptr)->ok());
}

TEST_F(ReadersOnlyRead, AfterAKillTheRowsAreThereAndNothingIsWritten) {
  ASSERT_NO_FATAL_FAILURE(die_with_rows(options_, clock_));
  const auto before = DiskReplay::load(options_.path);
  const std::uint64_t writes = disk_.calls(DiskCall::kWrite);
  const std::uint64_t syncs = disk_.calls(DiskCall::kSync);
  {
    const auto reader = open_reader();
    EXPECT_EQ(reader->read(Lane::kTelemetry, Position(0), {})->size(), 20u);
    EXPECT_TRUE(reader->verify(nullptr)->ok());
    EXPECT_EQ(reader->totals()->lanes.at(Lane::kTelemetry).unacked_rows, 20u);
  }
  EXPECT_EQ(disk_.calls(DiskCall::kWrite), writes);
  EXPECT_EQ(disk_.calls(DiskCall::kSync), syncs);
  const auto after = DiskReplay::load(options_.path);
  EXPECT_TRUE(after.main == before.main);
  EXPECT_TRUE(after.wal == before.wal);
}

TEST_F(ReadersOnlyRead, InAFolderThatItMayNotWriteTo) {
  ASSERT_NO_FATAL_FAILURE(die_with_rows(options_, clock_));
  ASSERT_EQ(chmod(folder_.c_str(), 0555), 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    ASSERT_EQ(chmod(entry.path().c_str(), 0444), 0);
  }
  // As another user, who has no rights that root keeps.
  const pid_t child = fork();
  if (child == 0) {
    if (getuid() == 0 && setuid(65534) != 0) _exit(2);
    const auto reader = SpoolReader::open(options_.path);
    if (!reader) {
      fprintf(stderr, "%s\n", reader.error().message().c_str());
      _exit(3);
    }
    const auto rows = (*reader)->read(Lane::kTelemetry, Position(0), {});
    _exit(rows && rows->size() == 20 ? 0 : 4);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(ReadersOnlyRead, ACopyOfTheFileAloneIsReadAsItIs) {
  {
    const auto spool = open_spool();
    commit(*spool, make_rows(Lane::kTelemetry, 0, 3, 1000));
  }
  const std::string copy = folder_ / "copy.db";
  std::filesystem::copy_file(options_.path, copy);
  options_.path = copy;
  EXPECT_EQ(positions(Lane::kTelemetry).size(), 3u);
}

TEST_F(ReadersOnlyRead, WhatIsNotThereIsNamed) {
  const auto reader = SpoolReader::open(options_.path);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, SpoolErrc::kNotFound);
  EXPECT_THAT(reader.error().message(), HasSubstr(options_.path));
  EXPECT_FALSE(std::filesystem::exists(options_.path)) << "a reader makes no file";
}

TEST_F(ReadersOnlyRead, LimitsCutTheAnswerAndOneRowAlwaysFits) {
  const auto spool = open_spool();
  commit(*spool, make_rows(Lane::kWaveform, 0, 10, 50'000));
  const auto reader = open_reader();
  EXPECT_EQ(reader->read(Lane::kWaveform, Position(0), {.rows_max = 3})->size(), 3u);
  EXPECT_EQ(reader->read(Lane::kWaveform, Position(8), {.rows_max = 3})->size(), 2u);
  EXPECT_EQ(
      reader->read(Lane::kWaveform, Position(0), {.rows_max = 64, .bytes_max = 160'000})->size(),
      3u);
  EXPECT_EQ(reader->read(Lane::kWaveform, Position(0), {.rows_max = 64, .bytes_max = 1})->size(),
            1u);
  EXPECT_TRUE(reader->read(Lane::kWaveform, Position(10), {})->empty());
}

TEST_F(ReadersOnlyRead, ReadingOneRowOfManyTouchesFewPages) {
  options_.quota_bytes = 64 << 20;
  const auto spool = open_spool();
  constexpr std::uint64_t kRows = 100'000;
  for (std::uint64_t n = 0; n < kRows; n += 5000) {
    commit(*spool, make_rows(Lane::kTelemetry, n, 5000, 20));
  }
  for (const std::uint64_t at : {1ull, 50'000ull, 99'999ull}) {
    const auto reader = open_reader();  // with an empty cache
    const std::uint64_t reads = disk_.calls(DiskCall::kRead);
    const auto rows = reader->read(Lane::kTelemetry, Position(at), {.rows_max = 1});
    ASSERT_EQ(rows->size(), 1u);
    EXPECT_EQ(rows->front().meta.position.value(), at + 1);
    EXPECT_LE(disk_.calls(DiskCall::kRead) - reads, 12u);
  }
  const auto reader = open_reader();
  const std::uint64_t reads = disk_.calls(DiskCall::kRead);
  EXPECT_EQ(reader->totals()->lanes.at(Lane::kTelemetry).rows, kRows);
  EXPECT_LE(disk_.calls(DiskCall::kRead) - reads, 40u) << "totals do not count rows";
}

}  // namespace
}  // namespace buffer
