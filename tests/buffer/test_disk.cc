// SPDX-License-Identifier: Apache-2.0
#include "tests/buffer/test_disk.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

namespace buffer {
namespace {

DiskFile kind_of(int flags) {
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return DiskFile::kMain;
  return (flags & SQLITE_OPEN_WAL) != 0 ? DiskFile::kWal : DiskFile::kOther;
}

void write_into(std::vector<std::byte>& file, std::int64_t at, const std::byte* from,
                std::size_t size) {
  const auto begin = static_cast<std::size_t>(at);
  if (file.size() < begin + size) file.resize(begin + size);
  std::memcpy(file.data() + begin, from, size);
}

}  // namespace

class TestDisk::Layer final : public FileLayer {
 public:
  Layer(TestDisk& disk, DiskFile kind, sqlite3_file* below)
      : FileLayer(below), disk_(disk), kind_(kind) {}

  int read(void* to, int size, sqlite3_int64 at) override {
    const int code = ask(DiskCall::kRead, at, size);
    return code == SQLITE_OK ? FileLayer::read(to, size, at) : code;
  }

  int write(const void* from, int size, sqlite3_int64 at) override {
    int code = ask(DiskCall::kWrite, at, size);
    if (code == SQLITE_OK) code = take_space(at + size);
    if (code == SQLITE_OK) code = FileLayer::write(from, size, at);
    if (code == SQLITE_OK && disk_.logging_) {
      const auto* bytes = static_cast<const std::byte*>(from);
      disk_.log_.push_back({kind_, DiskCall::kWrite, at, {bytes, bytes + size}});
    }
    return code;
  }

  int truncate(sqlite3_int64 size) override {
    int code = ask(DiskCall::kTruncate, size, 0);
    if (code == SQLITE_OK) code = FileLayer::truncate(size);
    sqlite3_int64 size_now = size;  // SQLite's own layer rounds up to whole chunks
    if (code == SQLITE_OK) code = FileLayer::file_size(&size_now);
    if (code == SQLITE_OK && disk_.capacity_bytes_) seen_size() = size_now;
    if (code == SQLITE_OK && disk_.logging_) {
      disk_.log_.push_back({kind_, DiskCall::kTruncate, size_now, {}});
    }
    return code;
  }

  int sync(int /*flags*/) override {
    const int code = ask(DiskCall::kSync, 0, 0);
    if (disk_.logging_) {
      disk_.log_.push_back({kind_, DiskCall::kSync, 0, {}, code != SQLITE_OK});
    }
    return code;
  }

 private:
  int ask(DiskCall call, sqlite3_int64 at, int size) {
    ++disk_.counts_[static_cast<std::size_t>(call)];
    return disk_.fault_ ? disk_.fault_(kind_, call, at, size) : SQLITE_OK;
  }

  std::int64_t& seen_size() { return disk_.sizes_[static_cast<std::size_t>(kind_)]; }

  int take_space(sqlite3_int64 end) {
    if (!disk_.capacity_bytes_) return SQLITE_OK;
    sqlite3_int64 size = 0;
    FileLayer::file_size(&size);
    seen_size() = size;
    if (end <= size) return SQLITE_OK;
    const auto used = static_cast<std::uint64_t>(disk_.sizes_[0] + disk_.sizes_[1]);
    const auto more = static_cast<std::uint64_t>(end - size);
    if (used + more > *disk_.capacity_bytes_) return SQLITE_FULL;
    seen_size() = end;
    return SQLITE_OK;
  }

  TestDisk& disk_;
  const DiskFile kind_;
};

TestDisk::TestDisk() : VfsShim("test-disk", nullptr, true) {}

std::unique_ptr<FileLayer> TestDisk::wrap(const char* /*path*/, int flags, sqlite3_file* below) {
  return std::make_unique<Layer>(*this, kind_of(flags), below);
}

std::vector<std::byte>& DiskReplay::file(Image& image, DiskFile which) const {
  return which == DiskFile::kMain ? image.main : image.wal;
}

void DiskReplay::advance(std::size_t ops) {
  for (; done_ < ops && done_ < log_.size(); ++done_) {
    const DiskOp& op = log_[done_];
    if (op.file == DiskFile::kOther) continue;
    if (op.call != DiskCall::kSync) {
      pending_.push_back(&op);
      continue;
    }
    for (const DiskOp* pending : pending_) {
      if (pending->file != op.file || op.failed) continue;
      auto& bytes = file(durable_, op.file);
      if (pending->call == DiskCall::kTruncate) {
        bytes.resize(static_cast<std::size_t>(pending->at));
      } else {
        write_into(bytes, pending->at, pending->bytes.data(), pending->bytes.size());
      }
    }
    std::erase_if(pending_, [&](const DiskOp* pending) { return pending->file == op.file; });
  }
}

DiskReplay::Image DiskReplay::cut(Fate fate, std::size_t sector_bytes, std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  Image image = durable_;
  if (fate == Fate::kNothingSurvives) return image;
  std::size_t count = pending_.size();
  if (fate == Fate::kInOrderThenTorn && count > 0) count = random() % count + 1;
  for (std::size_t i = 0; i < count; ++i) {
    const DiskOp& op = *pending_[i];
    const bool torn =
        fate == Fate::kSectorsAtRandom || (fate == Fate::kInOrderThenTorn && i + 1 == count);
    auto& bytes = file(image, op.file);
    if (op.call == DiskCall::kTruncate) {
      if (!torn || random() % 2 == 0) bytes.resize(static_cast<std::size_t>(op.at));
      continue;
    }
    for (std::size_t done = 0; done < op.bytes.size();) {
      const std::size_t at = static_cast<std::size_t>(op.at) + done;
      const std::size_t size = std::min(op.bytes.size() - done, sector_bytes - at % sector_bytes);
      if (!torn || random() % 2 == 0) {
        write_into(bytes, static_cast<std::int64_t>(at), op.bytes.data() + done, size);
      }
      done += size;
    }
  }
  return image;
}

DiskReplay::Image DiskReplay::load(const std::string& path) {
  Image image;
  for (const auto& [name, bytes] :
       {std::pair(path, &image.main), std::pair(path + "-wal", &image.wal)}) {
    std::ifstream in(name, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    bytes->assign(first, first + text.size());
  }
  return image;
}

void DiskReplay::store(const Image& image, const std::string& path) {
  std::filesystem::remove(path + "-shm");
  for (const auto& [name, bytes] :
       {std::pair(path, &image.main), std::pair(path + "-wal", &image.wal)}) {
    std::ofstream out(name, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes->data()),
              static_cast<std::streamsize>(bytes->size()));
  }
}

}  // namespace buffer
