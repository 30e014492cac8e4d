// SPDX-License-Identifier: Apache-2.0
// How large the file and its WAL are and may become. Private to buffer/.
#pragma once

#include <cstdint>

#include "buffer/spool.h"
#include "buffer/sqlite_database.h"
#include "proto/clock.h"

namespace buffer {

// The file grows in whole chunks that are written with zeros *before* SQLite may use them: pages
// reach the file only at a checkpoint, and a checkpoint that finds the disk full would leave the
// ring stuck. So what was promised to SQLite is always there, and a full disk only means that the
// ring turns within what the file has reached. The WAL is written out to twice the checkpoint
// threshold for the same reason. Functions return SQLite's code.
class SpoolSpace {
 public:
  SpoolSpace(Database& db, const SpoolOptions& options, const proto::Clock& clock)
      : db_(db), options_(options), clock_(clock) {}

  // After the schema exists and the WAL is open.
  int start();
  // Pages that can be filled without growing; within or outside a transaction.
  std::uint64_t free_pages();
  // Makes room for `pages` more if quota and disk allow; false when the ring has to turn instead.
  bool grow(std::uint64_t pages);
  // Pages that a row of this size needs at most, and that its leaving frees at least.
  std::uint64_t pages_for(std::uint64_t row_bytes) const;
  std::uint64_t quota_pages() const;

  // In the writer's thread, after a commit. Never waits for readers: what they hold up is
  // checkpointed next time.
  int checkpoint_if_due();
  int checkpoint();

  std::uint64_t file_bytes() const { return file_bytes_; }
  std::uint64_t wal_bytes() const { return wal_bytes_; }
  std::uint64_t page_bytes() const { return page_bytes_; }
  bool disk_is_full() const { return disk_full_; }

 private:
  sqlite3_file* file(int opcode) const;
  // Leaves `bytes` as it is when the size cannot be told: growth goes on from there.
  static int read_size(sqlite3_file* file, std::uint64_t& bytes);
  int write_zeros(sqlite3_file* file, std::uint64_t from, std::uint64_t to) const;
  int set_limit(std::uint64_t pages);
  int refresh();
  static int note_wal_frames(void* self, sqlite3* db, const char* name, int frames);

  Database& db_;
  const SpoolOptions& options_;
  const proto::Clock& clock_;
  std::uint64_t page_bytes_ = 4096;
  std::uint64_t limit_pages_ = 0;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t wal_bytes_ = 0;
  std::uint64_t wal_frames_ = 0;
  bool disk_full_ = false;
  std::int64_t retry_growth_ns_ = 0;  // monotonic
  Statement freelist_;
  Statement page_count_;
};

}  // namespace buffer
