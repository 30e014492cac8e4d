// SPDX-License-Identifier: Apache-2.0
#include "buffer/lane_ledger.h"

#include <charconv>
#include <vector>

namespace buffer {
namespace {

// Rows looked at beyond a row whose facts are damaged, in search of counts that can be trusted.
constexpr std::uint32_t kSoundSearchMax = 256;

// Counts before (kUp) or after (kDown) the row at `at`. Damaged rows between it and the nearest
// sound row count as one record each, their length as it is.
int sound_mark(RowStore& rows, proto::Lane lane, Position at, Walk walk, LaneMark& mark) {
  std::vector<StoredMeta> found;
  const int code = rows.scan(lane, at, walk, 1, found);
  if (code != SQLITE_OK || found.empty()) return code;
  if (found.front().meta.facts_damaged) {
    found.clear();
    const int more = rows.scan(lane, at, walk, kSoundSearchMax, found);
    if (more != SQLITE_OK) return more;
  }
  std::uint64_t skipped_records = 0;
  std::uint64_t skipped_bytes = 0;
  for (const StoredMeta& row : found) {
    if (!row.meta.facts_damaged) {
      mark.records = walk == Walk::kUp ? row.records_before - skipped_records
                                       : row.records_after() + skipped_records;
      mark.bytes =
          walk == Walk::kUp ? row.bytes_before - skipped_bytes : row.bytes_after() + skipped_bytes;
      return SQLITE_OK;
    }
    ++skipped_records;
    skipped_bytes += row.meta.payload_bytes;
  }
  return SQLITE_OK;
}

int load_lane(RowStore& rows, proto::Lane lane, const LaneFloor& floor,
              const proto::StreamId& stream, LaneLedger& ledger) {
  ledger.tail = floor.tail;
  ledger.watermark = floor.watermark;
  ledger.seq_last = floor.seq_last;
  ledger.end = floor.end;
  ledger.holes = floor.holes;
  std::vector<StoredMeta> ends;
  int code = rows.scan(lane, Position(0), Walk::kUp, 1, ends);
  if (code == SQLITE_OK && !ends.empty()) {
    code = rows.scan(lane, Position(INT64_MAX), Walk::kDown, 1, ends);
  }
  if (code != SQLITE_OK) return code;
  if (ends.size() < 2) {
    ledger.head = ledger.tail.next();
    ledger.begin = ledger.end;
    return refresh_acked(rows, lane, ledger);
  }
  const RowMeta& newest = ends.back().meta;
  ledger.head = ends.front().meta.position;
  ledger.tail = std::max(floor.tail, newest.position);
  code = sound_mark(rows, lane, ledger.head, Walk::kUp, ledger.begin);
  if (newest.position > floor.tail) {
    if (code == SQLITE_OK) code = sound_mark(rows, lane, newest.position, Walk::kDown, ledger.end);
    if (!newest.facts_damaged && newest.stream == stream) {
      ledger.seq_last = proto::Sequence(newest.seq_first.value() + newest.facts.count - 1);
    }
  }
  return code == SQLITE_OK ? refresh_acked(rows, lane, ledger) : code;
}

}  // namespace

std::string LaneFloor::to_text() const {
  std::vector<std::uint64_t> numbers = {watermark.value(), tail.value(), seq_last.value(),
                                        end.records, end.bytes};
  for (const LaneHole& hole : holes) {
    numbers.insert(numbers.end(),
                   {hole.from.value(), hole.through.value(), hole.lost.records, hole.lost.bytes});
  }
  std::string text;
  for (const std::uint64_t number : numbers) {
    if (!text.empty()) text += ' ';
    text += std::to_string(number);
  }
  return text;
}

std::optional<LaneFloor> LaneFloor::from_text(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at != end) {
    if (!numbers.empty() && *at++ != ' ') return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, numbers.emplace_back());
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  constexpr std::size_t kFixed = 5;
  constexpr std::size_t kPerHole = 4;
  if (numbers.size() < kFixed || (numbers.size() - kFixed) % kPerHole != 0) return std::nullopt;
  LaneFloor floor{Position(numbers[0]),
                  Position(numbers[1]),
                  proto::Sequence(numbers[2]),
                  LaneMark{numbers[3], numbers[4]},
                  {}};
  for (std::size_t i = kFixed; i < numbers.size(); i += kPerHole) {
    floor.holes.push_back(
        {Position(numbers[i]), Position(numbers[i + 1]), LaneMark{numbers[i + 2], numbers[i + 3]}});
  }
  return floor;
}

LaneTotals LaneLedger::totals() const {
  LaneTotals totals;
  totals.rows = tail.value() + 1 - head.value();
  totals.records = end.records - begin.records;
  totals.bytes = end.bytes - begin.bytes;
  totals.unacked_rows = tail.value() + 1 - unacked_from.value();
  totals.unacked_records = end.records - acked.records;
  totals.unacked_bytes = end.bytes - acked.bytes;
  totals.oldest_unacked_us = oldest_unacked_us;
  for (const LaneHole& hole : holes) {
    const std::uint64_t rows_lost = hole.through.value() + 1 - hole.from.value();
    totals.rows -= rows_lost;
    totals.records -= hole.lost.records;
    totals.bytes -= hole.lost.bytes;
    if (hole.from < unacked_from) continue;
    totals.unacked_rows -= rows_lost;
    totals.unacked_records -= hole.lost.records;
    totals.unacked_bytes -= hole.lost.bytes;
  }
  return totals;
}

int refresh_acked(RowStore& rows, proto::Lane lane, LaneLedger& ledger) {
  const Position from = std::max(ledger.head, ledger.watermark.next());
  std::vector<StoredMeta> first;
  if (from <= ledger.tail) {
    const int code = rows.scan(lane, from, Walk::kUp, 1, first);
    if (code != SQLITE_OK) return code;
  }
  if (first.empty()) {
    ledger.unacked_from = ledger.tail.next();
    ledger.oldest_unacked_us.reset();
    ledger.acked = ledger.end;
    return SQLITE_OK;
  }
  ledger.unacked_from = first.front().meta.position;
  ledger.oldest_unacked_us = first.front().meta.facts.t_first_us;
  return sound_mark(rows, lane, ledger.unacked_from, Walk::kUp, ledger.acked);
}

proto::Result<LaneLedgers> load_ledgers(Database& db, RowStore& rows, StateStore& state,
                                        const proto::StreamId& stream, const std::string& path) {
  LaneLedgers ledgers;
  for (const proto::Lane lane : kRowLanes) {
    const std::string key = lane_state_key(lane);
    const auto text = state.get(key);
    if (!text) return tl::unexpected(text.error());
    const auto floor = LaneFloor::from_text(text->value_or(""));
    if (!floor) {
      return proto::fail(SpoolErrc::kDamaged,
                         "read state " + key + " of spool " + path + ": not a list of numbers");
    }
    const int code = load_lane(rows, lane, *floor, stream, ledgers[slot(lane)]);
    if (code != SQLITE_OK) {
      return db.failure(code,
                        "read lane " + std::string(proto::to_string(lane)) + " of spool " + path);
    }
  }
  return ledgers;
}

SpoolTotals totals_of(const LaneLedgers& ledgers) {
  SpoolTotals totals;
  for (const proto::Lane lane : kRowLanes) totals.lanes[lane] = ledgers[slot(lane)].totals();
  return totals;
}

}  // namespace buffer
