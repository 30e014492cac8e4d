// SPDX-License-Identifier: Apache-2.0
#include "buffer/row_store.h"

#include <bit>
#include <cstring>
#include <string>

#include "proto/crc32c.h"

namespace buffer {
namespace {

constexpr const char* kMetaColumns =
    "position, stream, seq_first, count, topic, key, device_id, segment, id_first, id_last,"
    " id_count, t_first_us, t_last_us, records_before, bytes_before, facts_crc32c,"
    " payload_crc32c, length(payload)";
constexpr int kMetaColumnCount = 18;

static_assert(std::endian::native == std::endian::little, "facts_crc32c() copies integers");

class FactsDigest {
 public:
  void add(std::uint64_t value) {
    std::array<std::byte, sizeof value> bytes;
    std::memcpy(bytes.data(), &value, sizeof value);
    crc_ = proto::crc32c(bytes, crc_);
  }
  void add(std::string_view text) {
    add(text.size());
    crc_ = proto::crc32c(std::as_bytes(std::span(text)), crc_);
  }
  std::uint32_t value() const { return crc_; }

 private:
  std::uint32_t crc_ = 0;
};

StoredMeta read_meta(const Statement& from, proto::Lane lane) {
  StoredMeta row;
  RowMeta& meta = row.meta;
  RowFacts& facts = meta.facts;
  facts.lane = lane;
  meta.position = Position(from.unsigned_integer(0));
  const auto stream = from.bytes(1);
  proto::StreamId::Bytes stream_bytes{};
  if (stream.size() == stream_bytes.size()) {
    std::memcpy(stream_bytes.data(), stream.data(), stream.size());
  }
  meta.stream = proto::StreamId(stream_bytes);
  meta.seq_first = proto::Sequence(from.unsigned_integer(2));
  facts.count = static_cast<std::uint32_t>(from.integer(3));
  facts.topic = from.text(4);
  facts.key = from.text(5);
  facts.device_id = from.text(6);
  facts.segment = proto::SegmentId(static_cast<std::uint32_t>(from.integer(7)));
  facts.id_first = proto::SampleId(from.unsigned_integer(8));
  facts.id_last = proto::SampleId(from.unsigned_integer(9));
  facts.id_count = from.unsigned_integer(10);
  facts.t_first_us = from.integer(11);
  facts.t_last_us = from.integer(12);
  row.records_before = from.unsigned_integer(13);
  row.bytes_before = from.unsigned_integer(14);
  meta.crc32c = static_cast<std::uint32_t>(from.integer(16));
  meta.payload_bytes = from.unsigned_integer(17);
  // 64 bits are compared: a flip above the CRC's 32 is a flip too, and so is one of a length.
  meta.facts_damaged = from.integer(15) != std::int64_t{facts_crc32c(row)} ||
                       from.integer(16) != std::int64_t{meta.crc32c} ||
                       from.integer(3) != std::int64_t{facts.count} ||
                       from.integer(7) != std::int64_t{facts.segment.value()} ||
                       stream.size() != stream_bytes.size();
  return row;
}

}  // namespace

std::uint32_t facts_crc32c(const StoredMeta& row) {
  const RowMeta& meta = row.meta;
  const RowFacts& facts = meta.facts;
  FactsDigest digest;
  digest.add(static_cast<std::uint64_t>(facts.lane));
  digest.add(meta.position.value());
  const auto& stream = meta.stream.bytes();
  digest.add(std::string_view(reinterpret_cast<const char*>(stream.data()), stream.size()));
  digest.add(meta.seq_first.value());
  digest.add(facts.count);
  digest.add(facts.topic);
  digest.add(facts.key);
  digest.add(facts.device_id);
  digest.add(facts.segment.value());
  digest.add(facts.id_first.value());
  digest.add(facts.id_last.value());
  digest.add(facts.id_count);
  digest.add(static_cast<std::uint64_t>(facts.t_first_us));
  digest.add(static_cast<std::uint64_t>(facts.t_last_us));
  digest.add(row.records_before);
  digest.add(row.bytes_before);
  digest.add(meta.crc32c);
  digest.add(meta.payload_bytes);
  return digest.value();
}

Statement& RowStore::prepared(std::optional<Statement>& statement, const std::string& sql) {
  if (!statement || statement->prepare_code() != SQLITE_OK) statement.emplace(db_.get(), sql);
  return *statement;
}

int RowStore::insert(const StoredMeta& row, std::span<const std::byte> payload) {
  const RowMeta& meta = row.meta;
  const RowFacts& facts = meta.facts;
  auto& cached = lanes_[slot(facts.lane)].insert;
  Statement& statement = prepared(cached, "INSERT INTO " + row_table(facts.lane) +
                                              " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,"
                                              "?13,?14,?15,?16,?17,?18)");
  if (statement.prepare_code() != SQLITE_OK) return statement.prepare_code();
  statement.bind(1, meta.position.value())
      .bind(2, std::as_bytes(std::span(meta.stream.bytes())))
      .bind(3, meta.seq_first.value())
      .bind(4, std::int64_t{facts.count})
      .bind(5, std::string_view(facts.topic))
      .bind(6, std::string_view(facts.key))
      .bind(7, std::string_view(facts.device_id))
      .bind(8, std::int64_t{facts.segment.value()})
      .bind(9, facts.id_first.value())
      .bind(10, facts.id_last.value())
      .bind(11, facts.id_count)
      .bind(12, facts.t_first_us)
      .bind(13, facts.t_last_us)
      .bind(14, row.records_before)
      .bind(15, row.bytes_before)
      .bind(16, std::int64_t{facts_crc32c(row)})
      .bind(17, std::int64_t{meta.crc32c})
      .bind(18, payload);
  return statement.run();
}

int RowStore::remove(proto::Lane lane, Position from, Position through) {
  auto& cached = lanes_[slot(lane)].remove;
  Statement& statement =
      prepared(cached, "DELETE FROM " + row_table(lane) + " WHERE position BETWEEN ?1 AND ?2");
  if (statement.prepare_code() != SQLITE_OK) return statement.prepare_code();
  return statement.bind(1, from.value()).bind(2, through.value()).run();
}

int RowStore::scan(proto::Lane lane, Position from, Walk walk, std::uint32_t rows_max,
                   std::vector<StoredMeta>& out) {
  LaneStatements& statements = lanes_[slot(lane)];
  const std::string select = std::string("SELECT ") + kMetaColumns + " FROM " + row_table(lane);
  Statement& statement =
      walk == Walk::kUp
          ? prepared(statements.scan_up,
                     select + " WHERE position >= ?1 ORDER BY position LIMIT ?2")
          : prepared(statements.scan_down,
                     select + " WHERE position <= ?1 ORDER BY position DESC LIMIT ?2");
  if (statement.prepare_code() != SQLITE_OK) return statement.prepare_code();
  const ResetGuard guard(statement);
  statement.bind(1, from.value()).bind(2, std::int64_t{rows_max});
  int code = statement.step();
  for (; code == SQLITE_ROW; code = statement.step()) out.push_back(read_meta(statement, lane));
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

int RowStore::read(proto::Lane lane, Position from, const Visit& visit) {
  auto& cached = lanes_[slot(lane)].read;
  Statement& statement =
      prepared(cached, std::string("SELECT ") + kMetaColumns + ", payload FROM " + row_table(lane) +
                           " WHERE position >= ?1 ORDER BY position");
  if (statement.prepare_code() != SQLITE_OK) return statement.prepare_code();
  const ResetGuard guard(statement);
  statement.bind(1, from.value());
  int code = statement.step();
  while (code == SQLITE_ROW) {
    if (!visit(read_meta(statement, lane), statement.bytes(kMetaColumnCount))) return SQLITE_OK;
    code = statement.step();
  }
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

}  // namespace buffer
