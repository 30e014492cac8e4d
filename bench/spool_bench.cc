// SPDX-License-Identifier: Apache-2.0
// The spool's appends against bare SQLite and against the bare disk, side by side; and whether the
// next batch costs more when the spool is long.
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <random>

#include "bench/scratch_dir.h"
#include "bench/table.h"
#include "buffer/spool.h"
#include "buffer/spool_reader.h"

namespace {

using bench::require;

constexpr std::size_t kRowBytes = 256 << 10;
constexpr std::size_t kRowsPerCommit = 4;
constexpr std::uint64_t kRingBytes = 64 << 20;
constexpr int kCommitsPerRound = 32;
constexpr int kRounds = 21;

double now_s() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Bytes that no compression of a disk makes smaller.
std::vector<std::byte> random_bytes(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

buffer::NewRow make_row(proto::Lane lane, std::uint64_t index, std::vector<std::byte> payload) {
  buffer::NewRow row;
  row.facts.lane = lane;
  row.facts.topic = "bench." + std::string(proto::to_string(lane)) + ".v1";
  row.facts.key = "js220-001234/20261126T120000Z-5eed";
  row.facts.device_id = "js220-001234";
  row.facts.segment = proto::SegmentId(1);
  row.facts.id_first = proto::SampleId(index * 1000);
  row.facts.id_last = proto::SampleId(index * 1000 + 999);
  row.facts.id_count = 1000;
  row.facts.t_first_us = 1'795'521'600'000'000 + static_cast<std::int64_t>(index) * 500;
  row.facts.t_last_us = row.facts.t_first_us + 500;
  row.payload = std::move(payload);
  return row;
}

class Contender {
 public:
  virtual ~Contender() = default;
  // Makes kRowsPerCommit rows durable.
  virtual void commit() = 0;

  double round_mb_per_s() {
    const double begin_s = now_s();
    for (int i = 0; i < kCommitsPerRound; ++i) commit();
    return kCommitsPerRound * kRowsPerCommit * kRowBytes / (now_s() - begin_s) * 1e-6;
  }
  void turn_over() {
    for (std::uint64_t bytes = 0; bytes < 2 * kRingBytes; bytes += kRowsPerCommit * kRowBytes) {
      commit();
    }
  }
};

class SpoolContender final : public Contender {
 public:
  explicit SpoolContender(const bench::ScratchDir& dir) {
    for (std::size_t i = 0; i < kRowsPerCommit; ++i) {
      rows_.push_back(make_row(proto::Lane::kWaveform, i, random_bytes(kRowBytes, 1)));
    }
    buffer::SpoolOptions options;
    options.path = dir.file("spool.db");
    options.quota_bytes = kRingBytes;
    auto opened = buffer::Spool::open(options, clock_);
    require(opened.has_value(), "open spool");
    spool_ = std::move(*opened);
  }

  void commit() override {
    // What the commits before made durable was delivered in the meantime.
    const buffer::LaneAck ack{proto::Lane::kWaveform, buffer::Position(appended_)};
    const auto done = spool_->commit(
        {.rows = rows_, .state = {}, .latest = {}, .acks = {&ack, 1}, .latest_acks = {}});
    require(done.has_value(), "commit");
    appended_ += rows_.size();
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

  void commit() override {
    exec("BEGIN IMMEDIATE");
    const auto full = static_cast<sqlite3_int64>(kRingBytes / kRowBytes);
    sqlite3_bind_int64(remove_, 1, appended_ + static_cast<sqlite3_int64>(kRowsPerCommit) - full);
    run(remove_);
    for (std::size_t i = 0; i < kRowsPerCommit; ++i) {
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

  void commit() override {
    for (std::size_t i = 0; i < kRowsPerCommit; ++i) {
      const ssize_t written = pwrite(fd_, payload_.data(), kRowBytes, static_cast<off_t>(at_));
      require(written == static_cast<ssize_t>(kRowBytes), "write bare.bin");
      at_ = (at_ + kRowBytes) % kRingBytes;
    }
    require(fdatasync(fd_) == 0, "sync bare.bin");
  }

 private:
  std::vector<std::byte> payload_;
  int fd_ = -1;
  std::uint64_t at_ = 0;
};

void measure_append(bench::Table& table) {
  const bench::ScratchDir dir;
  std::vector<std::unique_ptr<Contender>> all;
  all.push_back(std::make_unique<SpoolContender>(dir));
  all.push_back(std::make_unique<BareSqlite>(dir, 4096));
  all.push_back(std::make_unique<BareSqlite>(dir, 16'384));
  all.push_back(std::make_unique<BareDisk>(dir));
  for (const auto& contender : all) contender->turn_over();
  std::vector<std::vector<double>> rates(all.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t turn = (i + static_cast<std::size_t>(round)) % all.size();
      rates[turn].push_back(all[turn]->round_mb_per_s());
    }
  }
  const auto ratio_to = [&](std::size_t other) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < kRounds; ++i) ratios.push_back(rates[0][i] / rates[other][i]);
    return bench::median(ratios);
  };
  using bench::at_least;
  const double spool = bench::median(rates[0]);
  // The better of the two page sizes is the one to be measured against.
  const std::size_t bare = bench::median(rates[1]) > bench::median(rates[2]) ? 1 : 2;
  table.add({"spool append, 256 KiB rows, against bare SQLite doing the same commits", spool,
             "MB/s", ratio_to(bare), at_least(0.8), at_least(0.95)});
  table.add({"spool append, 256 KiB rows, against write+fdatasync", spool, "MB/s", ratio_to(3),
             at_least(0.5), at_least(0.7)});
  table.add({"  bare SQLite, pages of 4 KiB", bench::median(rates[1]), "MB/s", {}, {}, {}});
  table.add({"  bare SQLite, pages of 16 KiB", bench::median(rates[2]), "MB/s", {}, {}, {}});
  table.add({"  write+fdatasync", bench::median(rates[3]), "MB/s", {}, {}, {}});
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
        batch.push_back(make_row(proto::Lane::kTelemetry, done,
                                 random_bytes(200, static_cast<unsigned>(done))));
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
  measure_append(table);
  measure_next_batch(table);
  return table.finish();
}
