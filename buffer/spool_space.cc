// SPDX-License-Identifier: Apache-2.0
#include "buffer/spool_space.h"

#include <algorithm>
#include <vector>

namespace buffer {
namespace {

// SQLite cuts the file after a checkpoint to a multiple of this, so growth goes in the same steps.
constexpr std::uint64_t kChunkBytes = 1 << 20;
// SQLite's unix VFS takes at most 131,071 bytes at once.
constexpr std::uint64_t kWriteBytesMax = 64 << 10;
// How often a disk that was full is asked again.
constexpr std::int64_t kRetryGrowthNs = 30'000'000'000;

constexpr std::uint64_t kFrameHeaderBytes = 24;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

sqlite3_file* SpoolSpace::file(int opcode) const {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db_.get(), "main", opcode, &file);
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

int SpoolSpace::read_size(sqlite3_file* file, std::uint64_t& bytes) {
  sqlite3_int64 size = 0;
  const int code = file == nullptr ? SQLITE_IOERR : file->pMethods->xFileSize(file, &size);
  if (code == SQLITE_OK) bytes = static_cast<std::uint64_t>(size);
  return code;
}

int SpoolSpace::write_zeros(sqlite3_file* file, std::uint64_t from, std::uint64_t to) const {
  if (file == nullptr) return SQLITE_IOERR;
  const std::vector<std::byte> zeros(static_cast<std::size_t>(std::min(kWriteBytesMax, to - from)));
  for (std::uint64_t at = from; at < to;) {
    const std::uint64_t size = std::min<std::uint64_t>(zeros.size(), to - at);
    const int code = file->pMethods->xWrite(file, zeros.data(), static_cast<int>(size),
                                            static_cast<sqlite3_int64>(at));
    if (code != SQLITE_OK) return code;
    at += size;
  }
  sqlite3_int64 size = 0;
  return file->pMethods->xFileSize(file, &size);  // lets go what GatherVfs holds back
}

std::uint64_t SpoolSpace::quota_pages() const {
  return options_.quota_bytes / kChunkBytes * kChunkBytes / page_bytes_;
}

int SpoolSpace::refresh() {
  const int main_code = read_size(file(SQLITE_FCNTL_FILE_POINTER), file_bytes_);
  const int wal_code = read_size(file(SQLITE_FCNTL_JOURNAL_POINTER), wal_bytes_);
  return main_code == SQLITE_OK ? wal_code : main_code;
}

int SpoolSpace::set_limit(std::uint64_t pages) {
  limit_pages_ = pages;
  // SQLite itself refuses to lower it below the pages there are.
  return db_.exec("PRAGMA max_page_count=" + std::to_string(pages));
}

int SpoolSpace::start() {
  page_bytes_ = static_cast<std::uint64_t>(db_.scalar("PRAGMA page_size", 4096));
  int chunk = kChunkBytes;
  sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_CHUNK_SIZE, &chunk);
  sqlite3_wal_hook(db_.get(), &SpoolSpace::note_wal_frames, this);
  freelist_ = Statement(db_.get(), "PRAGMA freelist_count");
  page_count_ = Statement(db_.get(), "PRAGMA page_count");
  if (const int sized = refresh(); sized != SQLITE_OK) return sized;
  sqlite3_file* const wal = file(SQLITE_FCNTL_JOURNAL_POINTER);
  const std::uint64_t wal_wanted = 2 * options_.wal_checkpoint_bytes;
  // Behind the frames that count zeros are no frames. Where the disk has no room, the ring must do
  // with what it has.
  if (wal != nullptr && wal_bytes_ < wal_wanted) {
    static_cast<void>(write_zeros(wal, wal_bytes_, wal_wanted));
  }
  const auto page_count = static_cast<std::uint64_t>(db_.scalar("PRAGMA page_count", 0));
  const int code =
      set_limit(std::max(page_count, file_bytes_ / kChunkBytes * kChunkBytes / page_bytes_));
  refresh();
  if (code == SQLITE_OK && file_bytes_ % kChunkBytes != 0) grow(1);
  return code;
}

std::uint64_t SpoolSpace::free_pages() {
  std::uint64_t free = 0;
  if (freelist_.step() == SQLITE_ROW) free += freelist_.unsigned_integer(0);
  freelist_.reset();
  if (page_count_.step() == SQLITE_ROW) {
    const std::uint64_t used = page_count_.unsigned_integer(0);
    free += limit_pages_ > used ? limit_pages_ - used : 0;
  }
  page_count_.reset();
  return free;
}

std::uint64_t SpoolSpace::pages_for(std::uint64_t row_bytes) const {
  // A leaf's cell and an overflow page each lose a few bytes; 64 covers both.
  return row_bytes / (page_bytes_ - 64) + 1;
}

bool SpoolSpace::grow(std::uint64_t pages) {
  const std::uint64_t quota_bytes = quota_pages() * page_bytes_;
  if (file_bytes_ >= quota_bytes) return false;
  if (disk_full_ && clock_.monotonic_ns() < retry_growth_ns_) return false;
  const std::uint64_t wanted = std::min(
      quota_bytes, round_up(std::max(file_bytes_, limit_pages_ * page_bytes_) + pages * page_bytes_,
                            kChunkBytes));
  sqlite3_file* const main = file(SQLITE_FCNTL_FILE_POINTER);
  while (file_bytes_ < wanted) {
    const std::uint64_t next = std::min(wanted, round_up(file_bytes_ + 1, kChunkBytes));
    if (write_zeros(main, file_bytes_, next) != SQLITE_OK) {
      // What was written of the chunk is cut off again: only whole chunks are promised. (SQLite
      // would round a size within a chunk up, to blocks that are not there.)
      if (main != nullptr && file_bytes_ % kChunkBytes == 0) {
        main->pMethods->xTruncate(main, static_cast<sqlite3_int64>(file_bytes_));
      }
      disk_full_ = true;
      retry_growth_ns_ = clock_.monotonic_ns() + kRetryGrowthNs;
      break;
    }
    disk_full_ = false;
    file_bytes_ = next;
  }
  const std::uint64_t reached = file_bytes_ / kChunkBytes * kChunkBytes / page_bytes_;
  if (reached <= limit_pages_) return false;
  set_limit(reached);
  return true;
}

int SpoolSpace::checkpoint_if_due() {
  refresh();
  const std::uint64_t frame_bytes = page_bytes_ + kFrameHeaderBytes;
  return wal_frames_ * frame_bytes < options_.wal_checkpoint_bytes ? SQLITE_OK : checkpoint();
}

int SpoolSpace::checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(db_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  refresh();
  const std::uint64_t reached = file_bytes_ / page_bytes_;
  if (reached < limit_pages_) set_limit(reached);
  return code;
}

int SpoolSpace::note_wal_frames(void* self, sqlite3* /*db*/, const char* /*name*/, int frames) {
  static_cast<SpoolSpace*>(self)->wal_frames_ = static_cast<std::uint64_t>(frames);
  return SQLITE_OK;
}

}  // namespace buffer
