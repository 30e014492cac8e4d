// SPDX-License-Identifier: Apache-2.0
#include "buffer/gather_vfs.h"

#include <algorithm>
#include <cstring>

namespace buffer {
namespace {

constexpr std::size_t kGatherBytes = 256 << 10;
// A checkpoint reads the WAL and an eviction reads chains of pages that were written in one go.
constexpr std::size_t kReadAheadBytes = 64 << 10;
constexpr sqlite3_int64 kFrameHeaderBytes = 24;
// SQLite's unix VFS takes at most 131,071 bytes at once.
constexpr std::size_t kWriteBytesMax = 120 << 10;

class GatherLayer final : public FileLayer {
 public:
  GatherLayer(sqlite3_file* below, bool is_main) : FileLayer(below), is_main_(is_main) {}

  int read(void* to, int size, sqlite3_int64 at) override {
    if (holds_any_of(at, size)) {
      if (const int code = flush(); code != SQLITE_OK) return code;
    }
    if (at >= ahead_at_ && at + size <= ahead_end()) {
      std::memcpy(to, ahead_.data() + (at - ahead_at_), static_cast<std::size_t>(size));
      last_read_end_ = at + size;
      return SQLITE_OK;
    }
    // In the WAL, frame headers lie between pages that are read one after the other.
    const bool sequential = at >= last_read_end_ && at - last_read_end_ <= kFrameHeaderBytes;
    last_read_end_ = at + size;
    if (sequential && read_ahead(at)) {
      std::memcpy(to, ahead_.data(), static_cast<std::size_t>(size));
      return SQLITE_OK;
    }
    const int code = FileLayer::read(to, size, at);
    if (code != SQLITE_IOERR_SHORT_READ || held_.empty()) return code;
    // What is held back may make the file longer.
    const int flushed = flush();
    return flushed == SQLITE_OK ? FileLayer::read(to, size, at) : flushed;
  }

  int write(const void* from, int size, sqlite3_int64 at) override {
    const auto bytes = static_cast<std::size_t>(size);
    if (at < ahead_end() && at + size > ahead_at_) ahead_.clear();
    if (at != end() || held_.size() + bytes > kGatherBytes) {
      if (const int code = flush(); code != SQLITE_OK) return code;
      at_ = at;
    }
    if (held_.capacity() == 0) held_.reserve(kGatherBytes);
    const auto* first = static_cast<const std::byte*>(from);
    held_.insert(held_.end(), first, first + bytes);
    return SQLITE_OK;
  }

  int truncate(sqlite3_int64 size) override {
    ahead_.clear();
    if (at_ >= size) {
      held_.clear();
    } else if (end() > size) {
      held_.resize(static_cast<std::size_t>(size - at_));
    }
    const int code = flush();
    unsynced_ = true;
    return code == SQLITE_OK ? FileLayer::truncate(size) : code;
  }

  int sync(int flags) override {
    int code = flush();
    if (code != SQLITE_OK || !unsynced_) return code;
    code = FileLayer::sync(flags);
    unsynced_ = code != SQLITE_OK;
    return code;
  }

  int file_size(sqlite3_int64* size) override {
    const int code = flush();
    return code == SQLITE_OK ? FileLayer::file_size(size) : code;
  }

  // From here on readers look for the copied pages in the file. A checkpoint that a reader stopped
  // half-way is not synced, so this is the last word.
  int file_control(int op, void* argument) override {
    if (op == SQLITE_FCNTL_CKPT_DONE) flush();
    return FileLayer::file_control(op, argument);
  }

  int close() override { return flush(); }

 private:
  sqlite3_int64 end() const { return at_ + static_cast<sqlite3_int64>(held_.size()); }

  sqlite3_int64 ahead_end() const { return ahead_at_ + static_cast<sqlite3_int64>(ahead_.size()); }

  bool holds_any_of(sqlite3_int64 at, sqlite3_int64 size) const {
    return !held_.empty() && at < end() && at + size > at_;
  }

  bool read_ahead(sqlite3_int64 at) {
    constexpr auto kSize = static_cast<sqlite3_int64>(kReadAheadBytes);
    sqlite3_int64 size_below = 0;
    if (holds_any_of(at, kSize)) return false;
    if (FileLayer::file_size(&size_below) != SQLITE_OK || at + kSize > size_below) return false;
    ahead_.resize(kReadAheadBytes);
    ahead_at_ = at;
    if (FileLayer::read(ahead_.data(), static_cast<int>(kSize), at) == SQLITE_OK) return true;
    ahead_.clear();
    return false;
  }

  // Pages of the database that could not be written stay held and are tried again: SQLite does not
  // look at the answer to CKPT_DONE, and after it never copies them again. Frames of the WAL are
  // dropped: SQLite hears of it before their commit ends, and writes them anew.
  int flush() {
    std::size_t done = 0;
    int code = SQLITE_OK;
    unsynced_ = unsynced_ || !held_.empty();
    while (done < held_.size() && code == SQLITE_OK) {
      const std::size_t size = std::min(kWriteBytesMax, held_.size() - done);
      code = FileLayer::write(held_.data() + done, static_cast<int>(size),
                              at_ + static_cast<sqlite3_int64>(done));
      if (code == SQLITE_OK) done += size;
    }
    if (code != SQLITE_OK && !is_main_) done = held_.size();
    at_ += static_cast<sqlite3_int64>(done);
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(done));
    return code;
  }

  const bool is_main_;
  std::vector<std::byte> held_;
  sqlite3_int64 at_ = 0;  // where held_ begins
  std::vector<std::byte> ahead_;
  sqlite3_int64 ahead_at_ = 0;  // where ahead_ begins
  sqlite3_int64 last_read_end_ = 0;
  // A checkpoint syncs the WAL again that the commit before it has synced. True at first: whoever
  // wrote the file before us may have been killed.
  bool unsynced_ = true;
};

}  // namespace

std::unique_ptr<FileLayer> GatherVfs::wrap(const char* /*path*/, int flags, sqlite3_file* below) {
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) return nullptr;
  return std::make_unique<GatherLayer>(below, (flags & SQLITE_OPEN_MAIN_DB) != 0);
}

}  // namespace buffer
