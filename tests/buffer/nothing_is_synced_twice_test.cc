// SPDX-License-Identifier: Apache-2.0
// A sync of what is synced already costs as much as any: the layer leaves it out, and only that
// one.
#include <gtest/gtest.h>

#include "buffer/gather_vfs.h"
#include "buffer/sqlite_database.h"
#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

class SyncedFile : public SpoolBench {
 protected:
  SyncedFile() {
    EXPECT_EQ(db_.open(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs_.name()), SQLITE_OK);
    EXPECT_EQ(db_.exec("PRAGMA journal_mode=WAL; CREATE TABLE t(x);"), SQLITE_OK);
    sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file_);
  }
  std::uint64_t syncs() const { return disk_.calls(DiskCall::kSync); }
  int sync() { return file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL); }
  int write() { return file_->pMethods->xWrite(file_, "x", 1, 1 << 20); }

  const std::string path_ = folder_ / "a.db";
  GatherVfs vfs_{"synced-once"};
  Database db_;
  sqlite3_file* file_ = nullptr;
};

TEST_F(SyncedFile, WrittenDataIsSyncedOnce) {
  ASSERT_EQ(write(), SQLITE_OK);
  const auto before = syncs();
  EXPECT_EQ(sync(), SQLITE_OK);
  EXPECT_EQ(syncs(), before + 1);
  EXPECT_EQ(sync(), SQLITE_OK);
  EXPECT_EQ(syncs(), before + 1);
}

TEST_F(SyncedFile, AFailedSyncIsNoSync) {
  ASSERT_EQ(write(), SQLITE_OK);
  disk_.set_fault([](DiskFile, DiskCall call, std::int64_t, int) {
    return call == DiskCall::kSync ? SQLITE_IOERR_FSYNC : SQLITE_OK;
  });
  EXPECT_EQ(sync(), SQLITE_IOERR_FSYNC);
  disk_.set_fault({});
  const auto before = syncs();
  EXPECT_EQ(sync(), SQLITE_OK);
  EXPECT_EQ(syncs(), before + 1);
}

TEST_F(SyncedFile, ATruncationIsSynced) {
  ASSERT_EQ(write(), SQLITE_OK);
  ASSERT_EQ(sync(), SQLITE_OK);
  ASSERT_EQ(file_->pMethods->xTruncate(file_, 1 << 20), SQLITE_OK);
  const auto before = syncs();
  EXPECT_EQ(sync(), SQLITE_OK);
  EXPECT_EQ(syncs(), before + 1);
}

// An earlier process may have been killed between its writes and their sync.
TEST_F(SyncedFile, WhatWasFoundIsSyncedFirst) {
  db_.close();
  ASSERT_EQ(db_.open(path_, SQLITE_OPEN_READWRITE, vfs_.name()), SQLITE_OK);
  ASSERT_GE(db_.scalar("SELECT count(*) FROM t"), 0);
  sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file_);
  const auto before = syncs();
  EXPECT_EQ(sync(), SQLITE_OK);
  EXPECT_EQ(syncs(), before + 1);
}

}  // namespace
}  // namespace buffer
