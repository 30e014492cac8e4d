// SPDX-License-Identifier: Apache-2.0
// A disk under SQLite that counts, remembers and fails. While it lives it is SQLite's default, so
// that the spool and its readers use it without knowing. Syncs do not reach the real disk.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "buffer/vfs_shim.h"

namespace buffer {

enum class DiskFile { kMain, kWal, kOther };
enum class DiskCall { kRead, kWrite, kTruncate, kSync };

// One call that changed a file, or made the changes before it durable.
struct DiskOp {
  DiskFile file = DiskFile::kOther;
  DiskCall call = DiskCall::kWrite;
  std::int64_t at = 0;  // kTruncate: the new size
  std::vector<std::byte> bytes;
  bool failed = false;  // a failed sync: what was written before it is never made durable
};

class TestDisk final : public VfsShim {
 public:
  TestDisk();
  std::unique_ptr<FileLayer> wrap(const char* path, int flags, sqlite3_file* below) override;

  // Asked before each call: what it returns instead of SQLITE_OK is what SQLite gets.
  using Fault = std::function<int(DiskFile file, DiskCall call, std::int64_t at, int size)>;
  void set_fault(Fault fault) { fault_ = std::move(fault); }
  // Files of the spool may hold this much together; beyond it growth is SQLITE_FULL.
  void set_capacity(std::uint64_t bytes) { capacity_bytes_ = bytes; }
  void clear_capacity() { capacity_bytes_.reset(); }

  void start_log() { logging_ = true; }
  void stop_log() { logging_ = false; }
  const std::vector<DiskOp>& log() const { return log_; }

  std::uint64_t calls(DiskCall call) const { return counts_[static_cast<std::size_t>(call)]; }

 private:
  class Layer;
  std::atomic<std::uint64_t> counts_[4]{};
  Fault fault_;
  std::optional<std::uint64_t> capacity_bytes_;
  std::int64_t sizes_[3]{};  // of the main file and the WAL, as last seen
  bool logging_ = false;
  std::vector<DiskOp> log_;
};

// The files of a spool as a power cut would leave them, at any point of a log.
class DiskReplay {
 public:
  struct Image {
    std::vector<std::byte> main;
    std::vector<std::byte> wal;
  };
  // What happens to that which was written and not synced.
  enum class Fate { kAllSurvives, kNothingSurvives, kSectorsAtRandom, kInOrderThenTorn };

  DiskReplay(Image start, const std::vector<DiskOp>& log) : durable_(std::move(start)), log_(log) {}

  void advance(std::size_t ops);
  Image cut(Fate fate, std::size_t sector_bytes, std::uint64_t seed) const;
  static Image load(const std::string& path);
  static void store(const Image& image, const std::string& path);

 private:
  std::vector<std::byte>& file(Image& image, DiskFile which) const;

  Image durable_;
  const std::vector<DiskOp>& log_;
  std::size_t done_ = 0;
  std::vector<const DiskOp*> pending_;
};

}  // namespace buffer
