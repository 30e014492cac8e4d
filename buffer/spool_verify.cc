// SPDX-License-Identifier: Apache-2.0
// The walk over everything that a spool holds.
#include <algorithm>
#include <string>

#include "buffer/lane_ledger.h"
#include "buffer/reader_impl.h"
#include "buffer/spool_file.h"
#include "proto/crc32c.h"

namespace buffer {
namespace {

// One snapshot lasts for one chunk; a long one would keep the writer from reusing its WAL. On a
// disk that reads 100 MB/s a chunk takes about 40 ms.
constexpr std::uint64_t kChunkBytes = 4 << 20;
constexpr std::uint64_t kChunkRows = 2000;
// SQLite's own check cannot be cut into chunks, so it runs only on a file this small or when there
// is no writer to be kept waiting.
constexpr std::int64_t kWholeCheckBytes = 32 << 20;

}  // namespace

class SpoolReader::Impl::Verifier {
 public:
  Verifier(Impl& reader, const std::function<bool(double)>& progress)
      : reader_(reader), progress_(progress) {}

  proto::Result<VerifyReport> run() {
    const auto entries = reader_.state.with_prefix("");
    if (!entries) report_.structure.push_back(entries.error().message());
    // A kill between the tables and the first entry leaves a spool that is empty, not damaged.
    const bool has_begun = !entries || !entries->empty();
    if (has_begun) count_rows();
    for (const proto::Lane lane : kRowLanes) {
      if (!walk(lane)) return std::move(report_);
    }
    if (!has_begun && report_.rows > 0) {
      report_.structure.push_back("spool " + reader_.path + " has rows and no stream they are of");
    }
    if (const auto values = reader_.state.unsent_latest(UINT32_MAX); !values) {
      report_.structure.push_back(values.error().message());
    }
    check_structure();
    if (progress_) progress_(1.0);
    return std::move(report_);
  }

 private:
  void count_rows() {
    const auto ledgers =
        load_ledgers(reader_.db, reader_.rows, reader_.state, proto::StreamId(), reader_.path);
    if (!ledgers) {
      report_.structure.push_back(ledgers.error().message());
      return;
    }
    for (const proto::Lane lane : kRowLanes) {
      rows_total_ += (*ledgers)[slot(lane)].totals().rows;
    }
  }

  // False: the caller wants no more.
  bool walk(proto::Lane lane) {
    Position next(1);
    for (bool more = true; more;) {
      more = false;
      std::uint64_t bytes = 0;
      std::uint64_t rows_read = 0;
      const int code = reader_.rows.read(
          lane, next, [&](const StoredMeta& row, std::span<const std::byte> payload) {
            next = row.meta.position.next();
            bytes += payload.size();
            check(row.meta, payload);
            more = ++rows_read == kChunkRows || bytes >= kChunkBytes;
            return !more;
          });
      if (code != SQLITE_OK) {
        report_.structure.push_back(
            reader_.db
                .failure(code, "read lane " + std::string(proto::to_string(lane)) + " from row " +
                                   std::to_string(next.value()))
                .value()
                .message());
      }
      const double part =
          rows_total_ == 0 ? 1.0
                           : static_cast<double>(report_.rows) / static_cast<double>(rows_total_);
      if (progress_ && !progress_(std::min(part, 0.99))) return false;
    }
    return true;
  }

  void check(const RowMeta& meta, std::span<const std::byte> payload) {
    ++report_.rows;
    report_.bytes += payload.size();
    if (meta.facts_damaged || proto::crc32c(payload) != meta.crc32c) {
      report_.damaged.push_back(meta);
    }
  }

  void check_structure() {
    const std::int64_t bytes =
        reader_.db.scalar("PRAGMA page_count", 0) * reader_.db.scalar("PRAGMA page_size", 0);
    if (bytes > kWholeCheckBytes && writer_lives(reader_.path)) return;
    Statement check(reader_.db.get(), "PRAGMA quick_check(20)");
    int code = check.step();
    for (; code == SQLITE_ROW; code = check.step()) {
      if (check.text(0) != "ok") report_.structure.emplace_back(check.text(0));
    }
    if (code != SQLITE_DONE) {
      report_.structure.push_back(
          reader_.db.failure(code, "check the tables of spool " + reader_.path).value().message());
    }
  }

  Impl& reader_;
  const std::function<bool(double)>& progress_;
  VerifyReport report_;
  std::uint64_t rows_total_ = 0;
};

proto::Result<VerifyReport> SpoolReader::verify(const std::function<bool(double)>& progress) {
  return Impl::Verifier(*impl_, progress).run();
}

}  // namespace buffer
