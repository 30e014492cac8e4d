// SPDX-License-Identifier: Apache-2.0
// The spool's appends against bare SQLite and against the bare disk, side by side; and whether the
// next batch costs more when the spool is long.
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "bench/rows.h"
#include "bench/scratch_dir.h"
#include "bench/table.h"
#include "buffer/spool.h"
#include "buffer/spool_reader.h"
#include "buffer/vfs_shim.h"

namespace {

using bench::make_row;
using bench::random_bytes;
using bench::require;

constexpr std::size_t kRowBytes = 256 << 10;
// A JS220 at full rate seals twelve rows a second, a commit comes each 100 ms: one instrument has
// one row in a commit, four have about four.
constexpr std::size_t kRowsMax = 4;
constexpr std::uint64_t kRingBytes = 64 << 20;
constexpr int kCommitsPerRound = 32;
constexpr std::size_t kRounds = 21;

double now_s() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// A virtual machine's disk may sync within its host's memory, where a copy is all that counts. So
// the contenders also run with syncs that take longer, all of them alike: 1 to 10 ms is what the
// disk of a bench PC needs.
constexpr auto kSlowSync = std::chrono::milliseconds(2);
std::chrono::milliseconds added_to_sync{0};
// Below it a sync hides nothing of what SQLite computes.
constexpr double kJudgedSyncMs = 1;

class SlowDisk final : public buffer::VfsShim {
 public:
  SlowDisk() : VfsShim("slow", nullptr, true) {}
  std::unique_ptr<buffer::FileLayer> wrap(const char* /*path*/, int /*flags*/,
                                          sqlite3_file* below) override {
    return std::make_unique<Layer>(below);
  }

 private:
  class Layer final : public buffer::FileLayer {
   public:
    using FileLayer::FileLayer;
    int sync(int flags) override {
      const int code = FileLayer::sync(flags);
      std::this_thread::sleep_for(added_to_sync);
      return code;
    }
  };
};

class Contender {
 public:
  virtual ~Contender() = default;
  // Makes so many rows durable.
  virtual void commit(std::size_t rows) = 0;

  double round_mb_per_s(std::size_t rows) {
    const double begin_s = now_s();
    for (int i = 0; i < kCommitsPerRound; ++i) commit(rows);
    const auto bytes = static_cast<double>(kCommitsPerRound * rows * kRowBytes);
    return bytes / (now_s() - begin_s) * 1e-6;
  }
  void turn_over() {
    for (std::uint64_t bytes = 0; bytes < 2 * kRingBytes; bytes += kRowsMax * kRowBytes) {
      commit(kRowsMax);
    }
  }
};

class SpoolContender final : public Contender {
 public:
  explicit SpoolContender(const bench::ScratchDir& dir) {
    for (std::size_t i = 0; i < kRowsMax; ++i) {
      rows_.push_back(make_row(proto::Lane::kWaveform, i, random_bytes(kRowBytes, 1)));
    }
    buffer::SpoolOptions options;
    options.path = dir.file("spool.db");
    options.quota_bytes = kRingBytes;
    auto opened = buffer::Spool::open(options, clock_);
    require(opened.has_value(), "open spool");
    spool_ = std::move(*opened);
  }

  void commit(std::size_t rows) override {
    // What the commits before made durable was delivered in the meantime.
    const buffer::LaneAck ack{proto::Lane::kWaveform, buffer::Position(appended_)};
    const auto done = spool_->commit({.rows = {rows_.data(), rows},
                                      .state = {},
                                      .latest = {},
                                      .acks = {&ack, 1},
                                      .latest_acks = {}});
    require(done.has_value(), "commit");
    appended_ += rows;
  }

 private:
  proto::SystemClock clock_;
  std::vector<buffer::NewRow> rows_;
  std::unique_ptr<buffer::Spool> spool_;
  std::uint64_t appended_ = 0;
};

// The same rows, durable in the same way, inserted and deleted as anyone would.
class BareSqlite final : public Contender {
 public:
  BareSqlite(const bench::ScratchDir& dir, int page_bytes) : payload_(random_bytes(kRowBytes, 1)) {
    const std::string path = dir.file("bare" + std::to_string(page_bytes) + ".db");
    require(sqlite3_open(path.c_str(), &db_) == SQLITE_OK, "open " + path);
    const auto wal_bytes = static_cast<int>(buffer::SpoolOptions().wal_checkpoint_bytes);
    exec("PRAGMA page_size=" + std::to_string(page_bytes) +
         ";PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA secure_delete=OFF;"
         "PRAGMA cache_size=-4096;PRAGMA wal_autocheckpoint=" +
         std::to_string(wal_bytes / page_bytes) +
         ";CREATE TABLE row(position INTEGER PRIMARY KEY, payload BLOB)");
    prepare("INSERT INTO row VALUES(?1,?2)", &insert_);
    prepare("DELETE FROM row WHERE position<=?1", &remove_);
  }
  ~BareSqlite() override {
    sqlite3_finalize(insert_);
    sqlite3_finalize(remove_);
    sqlite3_close(db_);
  }
  BareSqlite(const BareSqlite&) = delete;
  BareSqlite& operator=(const BareSqlite&) = delete;

  void commit(std::size_t rows) override {
    exec("BEGIN IMMEDIATE");
    const auto full = static_cast<sqlite3_int64>(kRingBytes / kRowBytes);
    sqlite3_bind_int64(remove_, 1, appended_ + static_cast<sqlite3_int64>(rows) - full);
    run(remove_);
    for (std::size_t i = 0; i < rows; ++i) {
      sqlite3_bind_int64(insert_, 1, ++appended_);
      sqlite3_bind_blob(insert_, 2, payload_.data(), static_cast<int>(kRowBytes), SQLITE_STATIC);
      run(insert_);
    }
    exec("COMMIT");
  }

 private:
  void exec(const std::string& sql) {
    require(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, sql);
  }
  void prepare(const char* sql, sqlite3_stmt** statement) {
    require(sqlite3_prepare_v2(db_, sql, -1, statement, nullptr) == SQLITE_OK, sql);
  }
  void run(sqlite3_stmt* statement) {
    require(sqlite3_step(statement) == SQLITE_DONE, sqlite3_errmsg(db_));
    sqlite3_reset(statement);
  }

  std::vector<std::byte> payload_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* remove_ = nullptr;
  sqlite3_int64 appended_ = 0;
};

// What the disk gives: a file written round and round, no metadata to sync.
class BareDisk final : public Contender {
 public:
  explicit BareDisk(const bench::ScratchDir& dir) : payload_(random_bytes(kRowBytes, 1)) {
    fd_ = open(dir.file("bare.bin").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    require(fd_ >= 0, "open bare.bin");
  }
  ~BareDisk() override { close(fd_); }
  BareDisk(const BareDisk&) = delete;
  BareDisk& operator=(const BareDisk&) = delete;

  void commit(std::size_t rows) override {
    for (std::size_t i = 0; i < rows; ++i) {
      const ssize_t written = pwrite(fd_, payload_.data(), kRowBytes, static_cast<off_t>(at_));
      require(written == static_cast<ssize_t>(kRowBytes), "write bare.bin");
      at_ = (at_ + kRowBytes) % kRingBytes;
    }
    require(fdatasync(fd_) == 0, "sync bare.bin");
    std::this_thread::sleep_for(added_to_sync);
  }

 private:
  std::vector<std::byte> payload_;
  int fd_ = -1;
  std::uint64_t at_ = 0;
};

using Contenders = std::vector<std::unique_ptr<Contender>>;

void measure_append(const Contenders& all, std::size_t rows, bench::Table& table) {
  std::vector<std::vector<double>> rates(all.size());
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t turn = (i + round) % all.size();
      rates[turn].push_back(all[turn]->round_mb_per_s(rows));
    }
  }
  const auto ratio_to = [&](std::size_t other) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < kRounds; ++i) ratios.push_back(rates[0][i] / rates[other][i]);
    return bench::median(ratios);
  };
  const double spool = bench::median(rates[0]);
  // The better of the two page sizes is the one to be measured against.
  const std::size_t bare = bench::median(rates[1]) > bench::median(rates[2]) ? 1 : 2;
  const double sync_ms = static_cast<double>(rows * kRowBytes) / bench::median(rates[3]) * 1e-3;
  const std::string what = "spool append, " + std::to_string(rows) + " x 256 KiB a commit" +
                           (added_to_sync.count() > 0 ? ", syncs of 2 ms more" : "") + ", against ";
  const auto judged = [](bool is, double limit) {
    return is ? std::optional(bench::at_least(limit)) : std::nullopt;
  };
  const bool with_disk = rows == 1 && sync_ms >= kJudgedSyncMs;
  table.add({what + "bare SQLite", spool, "MB/s", ratio_to(bare), judged(rows == 1, 0.8),
             judged(rows == 1, 0.95)});
  table.add({what + "write+fdatasync", spool, "MB/s", ratio_to(3), judged(with_disk, 0.5),
             judged(with_disk, 0.7)});
  table.add({"  one write+fdatasync of that size", sync_ms, "ms", {}, {}, {}});
}

void measure_appends(bench::Table& table) {
  const bench::ScratchDir dir;
  const SlowDisk disk;
  Contenders all;
  all.push_back(std::make_unique<SpoolContender>(dir));
  all.push_back(std::make_unique<BareSqlite>(dir, 4096));
  all.push_back(std::make_unique<BareSqlite>(dir, 16'384));
  all.push_back(std::make_unique<BareDisk>(dir));
  for (const auto& contender : all) contender->turn_over();
  for (const std::size_t rows : {std::size_t{1}, kRowsMax}) measure_append(all, rows, table);
  added_to_sync = kSlowSync;
  measure_append(all, 1, table);
  added_to_sync = {};
}

// A spool with rows of one lane, a reader at its side and a cursor that goes round.
class LongSpool {
 public:
  LongSpool(const bench::ScratchDir& dir, std::uint64_t rows) : rows_(rows) {
    buffer::SpoolOptions options;
    options.path = dir.file("spool" + std::to_string(rows) + ".db");
    auto opened = buffer::Spool::open(options, clock_);
    require(opened.has_value(), "open spool");
    spool_ = std::move(*opened);
    constexpr std::uint64_t kRowsPerFill = 10'000;
    for (std::uint64_t done = 0; done < rows;) {
      std::vector<buffer::NewRow> batch;
      for (; batch.size() < kRowsPerFill && done < rows; ++done) {
        batch.push_back(make_row(proto::Lane::kTelemetry, done, random_bytes(200, done)));
      }
      const auto committed =
          spool_->commit({.rows = batch, .state = {}, .latest = {}, .acks = {}, .latest_acks = {}});
      require(committed.has_value(), "fill spool");
    }
    auto reader = buffer::SpoolReader::open(options.path);
    require(reader.has_value(), "open reader");
    reader_ = std::move(*reader);
    cursor_ = buffer::Position(rows / 2);
  }

  // As the forwarder lives: each batch is read after the writer has committed something.
  double next_batch_us() {
    const buffer::StateChange change{"bench", std::to_string(cursor_.value())};
    const auto done = spool_->commit(
        {.rows = {}, .state = {&change, 1}, .latest = {}, .acks = {}, .latest_acks = {}});
    require(done.has_value(), "commit");
    const double begin_s = now_s();
    const auto batch = reader_->read(proto::Lane::kTelemetry, cursor_, {});
    const double taken_s = now_s() - begin_s;
    require(batch.has_value() && batch->size() == 64, "read a batch of 64 rows");
    cursor_ = batch->back().meta.position;
    if (cursor_.value() + 64 > rows_) cursor_ = buffer::Position();
    return taken_s * 1e6;
  }

 private:
  proto::SystemClock clock_;
  std::uint64_t rows_;
  std::unique_ptr<buffer::Spool> spool_;
  std::unique_ptr<buffer::SpoolReader> reader_;
  buffer::Position cursor_;
};

void measure_next_batch(bench::Table& table) {
  const bench::ScratchDir dir;
  LongSpool few(dir, 1000);
  LongSpool many(dir, 1'000'000);
  std::vector<double> few_us;
  std::vector<double> many_us;
  for (int i = 0; i < 1000; ++i) {
    few_us.push_back(few.next_batch_us());
    many_us.push_back(many.next_batch_us());
  }
  const double many_median_us = bench::median(many_us);
  table.add({"next batch (64 rows) with 1,000,000 rows in the spool, against 1,000", many_median_us,
             "us", many_median_us / bench::median(few_us), bench::at_most(1.2),
             bench::at_most(1.0)});
}

}  // namespace

int main(int argc, char** argv) {
  bench::Table table("spool", argc, argv);
  measure_appends(table);
  measure_next_batch(table);
  return table.finish();
}
