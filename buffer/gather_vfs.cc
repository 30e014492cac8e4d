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
  using FileLayer::FileLayer;

  int read(void* to, int size, sqlite3_int64 at) override {
    if (at < end() && at + size > at_) {
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
    if (!sequential || at + static_cast<sqlite3_int64>(kReadAheadBytes) > size_below()) {
      return FileLayer::read(to, size, at);
    }
    ahead_.resize(kReadAheadBytes);
    ahead_at_ = at;
    const int code = FileLayer::read(ahead_.data(), static_cast<int>(kReadAheadBytes), at);
    if (code != SQLITE_OK) {
      ahead_.clear();
      return FileLayer::read(to, size, at);
    }
    std::memcpy(to, ahead_.data(), static_cast<std::size_t>(size));
    return SQLITE_OK;
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
    const int code = flush();
    return code == SQLITE_OK ? FileLayer::truncate(size) : code;
  }

  int sync(int flags) override {
    const int code = flush();
    return code == SQLITE_OK ? FileLayer::sync(flags) : code;
  }

  int file_size(sqlite3_int64* size) override {
    const int code = flush();
    return code == SQLITE_OK ? FileLayer::file_size(size) : code;
  }

  int close() override { return flush(); }

 private:
  sqlite3_int64 end() const { return at_ + static_cast<sqlite3_int64>(held_.size()); }

  sqlite3_int64 ahead_end() const { return ahead_at_ + static_cast<sqlite3_int64>(ahead_.size()); }

  sqlite3_int64 size_below() {
    sqlite3_int64 size = 0;
    return FileLayer::file_size(&size) == SQLITE_OK ? size : 0;
  }

  int flush() {
    int code = SQLITE_OK;
    for (std::size_t done = 0; done < held_.size() && code == SQLITE_OK;) {
      const std::size_t size = std::min(kWriteBytesMax, held_.size() - done);
      code = FileLayer::write(held_.data() + done, static_cast<int>(size),
                              at_ + static_cast<sqlite3_int64>(done));
      done += size;
    }
    at_ = end();
    held_.clear();
    return code;
  }

  std::vector<std::byte> held_;
  sqlite3_int64 at_ = 0;  // where held_ begins
  std::vector<std::byte> ahead_;
  sqlite3_int64 ahead_at_ = 0;  // where ahead_ begins
  sqlite3_int64 last_read_end_ = 0;
};

}  // namespace

std::unique_ptr<FileLayer> GatherVfs::wrap(const char* /*path*/, int flags, sqlite3_file* below) {
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) return nullptr;
  return std::make_unique<GatherLayer>(below);
}

}  // namespace buffer
