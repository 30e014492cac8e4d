// SPDX-License-Identifier: Apache-2.0
// Gathering changes how often the disk is asked, never what it says: after any calls the bytes read
// are those written last, a sync lets nothing behind, and what another connection may read is there
// when SQLite thinks so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "buffer/gather_vfs.h"
#include "buffer/sqlite_database.h"
#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

// A file in memory below the layer under test.
struct MemoryFile {
  sqlite3_file base{};
  std::vector<std::byte> bytes;
  int writes = 0;
  int write_code = SQLITE_OK;
};
MemoryFile& memory(sqlite3_file* file) { return *reinterpret_cast<MemoryFile*>(file); }

int read_memory(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  const auto& bytes = memory(file).bytes;
  const auto begin = std::min(bytes.size(), static_cast<std::size_t>(at));
  const auto there = std::min(bytes.size() - begin, static_cast<std::size_t>(size));
  std::memset(to, 0, static_cast<std::size_t>(size));
  if (there > 0) std::memcpy(to, bytes.data() + begin, there);
  return there == static_cast<std::size_t>(size) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}
int write_memory(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  MemoryFile& target = memory(file);
  if (target.write_code != SQLITE_OK) return target.write_code;
  ++target.writes;
  const auto end = static_cast<std::size_t>(at + size);
  if (target.bytes.size() < end) target.bytes.resize(end);
  std::memcpy(target.bytes.data() + at, from, static_cast<std::size_t>(size));
  return SQLITE_OK;
}
int truncate_memory(sqlite3_file* file, sqlite3_int64 size) {
  memory(file).bytes.resize(static_cast<std::size_t>(size));
  return SQLITE_OK;
}
int sync_memory(sqlite3_file* /*file*/, int /*flags*/) { return SQLITE_OK; }
int size_of_memory(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(memory(file).bytes.size());
  return SQLITE_OK;
}
int control_memory(sqlite3_file* /*file*/, int /*op*/, void* /*argument*/) {
  return SQLITE_NOTFOUND;
}

class GatheredFile : public testing::TestWithParam<int> {
 protected:
  GatheredFile() {
    methods_.iVersion = 1;
    methods_.xRead = read_memory;
    methods_.xWrite = write_memory;
    methods_.xTruncate = truncate_memory;
    methods_.xSync = sync_memory;
    methods_.xFileSize = size_of_memory;
    methods_.xFileControl = control_memory;
    file_.base.pMethods = &methods_;
    layer_ = vfs_.wrap("spool.db", SQLITE_OPEN_MAIN_DB, &file_.base);
  }

  void write(std::int64_t at, std::size_t size, int value) {
    const std::vector<std::byte> bytes(size, static_cast<std::byte>(value));
    ASSERT_EQ(layer_->write(bytes.data(), static_cast<int>(size), at), SQLITE_OK);
    const auto end = static_cast<std::size_t>(at) + size;
    if (truth_.size() < end) truth_.resize(end);
    std::memcpy(truth_.data() + at, bytes.data(), size);
  }
  void expect_read(std::int64_t at, std::size_t size) {
    std::vector<std::byte> got(size, std::byte{0xEE});
    const int code = layer_->read(got.data(), static_cast<int>(size), at);
    const auto begin = std::min(truth_.size(), static_cast<std::size_t>(at));
    const auto there = std::min(truth_.size() - begin, size);
    ASSERT_EQ(code, there == size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ);
    std::vector<std::byte> expected(size);
    if (there > 0) std::memcpy(expected.data(), truth_.data() + begin, there);
    ASSERT_EQ(got, expected) << "at " << at << ", " << size << " bytes";
  }

  GatherVfs vfs_{"gather-under-test"};
  sqlite3_io_methods methods_{};
  MemoryFile file_;
  std::unique_ptr<FileLayer> layer_;
  std::vector<std::byte> truth_;
};

TEST_F(GatheredFile, SmallWritesBecomeOne) {
  for (int i = 0; i < 20; ++i) write(i * 4120, 4120, i);
  EXPECT_EQ(file_.writes, 0);
  ASSERT_EQ(layer_->sync(0), SQLITE_OK);
  EXPECT_EQ(file_.writes, 1);
  EXPECT_EQ(file_.bytes, truth_);
}

TEST_F(GatheredFile, ReadingAheadSeesWhatIsHeldBack) {
  for (int i = 0; i < 40; ++i) write(i * 4096, 4096, 1);
  ASSERT_EQ(layer_->sync(0), SQLITE_OK);
  write(3 * 4096, 4096, 2);  // held back
  expect_read(0, 4096);
  expect_read(4096, 4096);  // one after the other: 64 KiB are read ahead, over the held-back page
  expect_read(3 * 4096, 4096);
  ASSERT_EQ(layer_->sync(0), SQLITE_OK);
  expect_read(3 * 4096, 4096);
}

TEST_F(GatheredFile, ACheckpointThatIsDoneIsInTheFile) {
  write(0, 4096, 7);
  layer_->file_control(SQLITE_FCNTL_CKPT_DONE, nullptr);
  EXPECT_EQ(file_.bytes, truth_) << "another connection may read it from now on";
}

TEST_F(GatheredFile, APageOfACheckpointIsNotForgottenWhenItsWriteFails) {
  write(0, 4096, 7);
  file_.write_code = SQLITE_IOERR_WRITE;
  // SQLite does not look at the answer of this call, so the page must still be there later.
  layer_->file_control(SQLITE_FCNTL_CKPT_DONE, nullptr);
  EXPECT_EQ(layer_->sync(0), SQLITE_IOERR_WRITE);
  file_.write_code = SQLITE_OK;
  EXPECT_EQ(layer_->sync(0), SQLITE_OK);
  EXPECT_EQ(file_.bytes, truth_);
}

TEST_F(GatheredFile, CuttingTheFileDropsWhatCouldNotBeWrittenBehindTheCut) {
  write(0, 4096, 7);
  ASSERT_EQ(layer_->sync(0), SQLITE_OK);
  write(4096, 4096, 8);
  file_.write_code = SQLITE_FULL;
  EXPECT_EQ(layer_->sync(0), SQLITE_FULL);
  EXPECT_EQ(layer_->truncate(4096), SQLITE_OK);
  EXPECT_EQ(layer_->sync(0), SQLITE_OK) << "nothing is left that the full disk would refuse";
  EXPECT_EQ(file_.bytes.size(), 4096u);
}

TEST_P(GatheredFile, AnyCallsReadBackWhatWasWritten) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  std::int64_t next = 0;
  for (int step = 0; step < 3000; ++step) {
    const auto any = static_cast<std::int64_t>(random() % 400) * 1024;
    const std::size_t size = 24 + random() % 5 * 1024;
    switch (random() % 16) {
      case 0:
        ASSERT_EQ(layer_->sync(0), SQLITE_OK);
        ASSERT_EQ(file_.bytes, truth_) << "after a sync";
        break;
      case 1:
        ASSERT_EQ(layer_->truncate(any), SQLITE_OK);
        truth_.resize(static_cast<std::size_t>(any));
        break;
      case 2: {
        sqlite3_int64 size_now = 0;
        ASSERT_EQ(layer_->file_size(&size_now), SQLITE_OK);
        ASSERT_EQ(size_now, static_cast<sqlite3_int64>(truth_.size()));
        break;
      }
      case 3:
        next = any;
        break;
      case 4:
      case 5:
      case 6:
      case 7:
      case 8:
        ASSERT_NO_FATAL_FAILURE(write(next, size, step));
        next += static_cast<std::int64_t>(size);
        break;
      case 9:
        ASSERT_NO_FATAL_FAILURE(write(any, size, step));
        break;
      default:  // some reads in a row, as a checkpoint does
        for (std::int64_t at = any; at < any + 4 * 1024; at += 1024) {
          ASSERT_NO_FATAL_FAILURE(expect_read(at, 1024)) << "step " << step;
        }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, GatheredFile, testing::Range(1, 9));

using GatheredSpool = SpoolBench;

// A reader's open snapshot keeps a checkpoint from copying all. SQLite then does not sync the file,
// yet readers that come from now on look for the copied pages there.
TEST_F(GatheredSpool, ReadersSeeAPartialCheckpoint) {
  options_.wal_checkpoint_bytes = 64 << 10;
  const auto spool = open_spool();
  std::uint64_t n = 0;
  for (; n < 8; ++n) commit(*spool, {make_row(proto::Lane::kWaveform, n, 3000)});
  Database old_snapshot;
  ASSERT_EQ(old_snapshot.open(options_.path, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  ASSERT_EQ(old_snapshot.exec("BEGIN; SELECT count(*) FROM row_waveform;"), SQLITE_OK);
  const auto reader = open_reader();
  for (; n < 60; ++n) {
    commit(*spool, {make_row(proto::Lane::kWaveform, n, 3000)});
    const auto rows = reader->read(proto::Lane::kWaveform, Position(0), {.rows_max = 100});
    ASSERT_TRUE(rows) << rows.error().message();
    ASSERT_EQ(rows->size(), n + 1);
  }
}

}  // namespace
}  // namespace buffer
