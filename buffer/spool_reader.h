// SPDX-License-Identifier: Apache-2.0
// Read-only view of a spool, beside the writer or with the daemon dead. Snapshots are short;
// nothing here writes or checkpoints.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "buffer/row.h"
#include "buffer/spool.h"
#include "proto/result.h"

namespace buffer {

struct ReadLimits {
  std::uint32_t rows_max = 64;
  std::uint64_t bytes_max = 4 << 20;  // at least one row is returned, however large
};

struct VerifyReport {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::vector<RowMeta> damaged;        // CRC of payload or facts does not hold
  std::vector<std::string> structure;  // what SQLite's own check found
  bool ok() const { return damaged.empty() && structure.empty(); }
};

// One connection, one thread. Errors: SpoolErrc.
class SpoolReader {
 public:
  static proto::Result<std::unique_ptr<SpoolReader>> open(const std::string& path);
  ~SpoolReader();
  SpoolReader(const SpoolReader&) = delete;
  SpoolReader& operator=(const SpoolReader&) = delete;

  // Rows of the lane after `after`, in order, O(log n + rows); positions may jump. Rows before one
  // whose CRC fails are returned; when it comes first, it is an error that names it
  // (SpoolErrc::kRowCorrupt), and read_meta() tells where to go on. Its facts can be trusted unless
  // RowMeta::facts_damaged.
  proto::Result<std::vector<Row>> read(proto::Lane lane, Position after, const ReadLimits& limits);
  proto::Result<std::vector<RowMeta>> read_meta(proto::Lane lane, Position after,
                                                std::uint32_t rows_max);
  proto::Result<std::vector<LatestValue>> unsent_latest(std::uint32_t values_max);
  // The last acked position of the lane; 0 when nothing was.
  proto::Result<Position> watermark(proto::Lane lane);
  proto::Result<std::optional<std::string>> state(const std::string& key);
  proto::Result<std::map<std::string, std::string>> state_with_prefix(const std::string& prefix);
  proto::Result<SpoolTotals> totals();
  proto::Result<int> schema_version();
  // Walks all rows in chunks of <= 50 ms each; `progress` (0..1) may stop it by returning false.
  proto::Result<VerifyReport> verify(const std::function<bool(double)>& progress);

 private:
  struct Impl;
  explicit SpoolReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace buffer
