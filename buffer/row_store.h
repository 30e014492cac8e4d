// SPDX-License-Identifier: Apache-2.0
// Rows of the lane tables: columns to RowMeta and back, and the CRC-32C over a row's facts. Private
// to buffer/; used by the writer and by readers.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "buffer/row.h"
#include "buffer/schema.h"
#include "buffer/sqlite_database.h"

namespace buffer {

// A row's meta and the lane's running counts before it.
struct StoredMeta {
  RowMeta meta;
  std::uint64_t records_before = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t records_after() const { return records_before + meta.facts.count; }
  std::uint64_t bytes_after() const { return bytes_before + meta.payload_bytes; }
};

// Over every column but the payload (whose CRC and length are among them), in the table's order:
// integers as 8 bytes little-endian, texts as length and bytes, the lane's number first.
std::uint32_t facts_crc32c(const StoredMeta& row);

enum class Walk { kUp, kDown };

// SQL of one connection, prepared at first use. Functions return SQLite's code.
class RowStore {
 public:
  explicit RowStore(Database& db) : db_(db) {}

  int insert(const StoredMeta& row, std::span<const std::byte> payload);
  int remove(proto::Lane lane, Position from, Position through);
  // Metas from `from` on (inclusive), upwards or downwards; `out` is appended to. Facts are checked
  // (RowMeta::facts_damaged), payloads not read.
  int scan(proto::Lane lane, Position from, Walk walk, std::uint32_t rows_max,
           std::vector<StoredMeta>& out);
  // Rows from `from` on upwards with their payloads (valid during the call), until `visit` returns
  // false or there are no more.
  using Visit = std::function<bool(const StoredMeta& row, std::span<const std::byte> payload)>;
  int read(proto::Lane lane, Position from, const Visit& visit);

 private:
  struct LaneStatements {
    std::optional<Statement> insert;
    std::optional<Statement> remove;
    std::optional<Statement> scan_up;
    std::optional<Statement> scan_down;
    std::optional<Statement> read;
  };
  Statement& prepared(std::optional<Statement>& statement, const std::string& sql);

  Database& db_;
  std::array<LaneStatements, kLaneSlots> lanes_;
};

}  // namespace buffer
