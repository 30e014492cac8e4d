// SPDX-License-Identifier: Apache-2.0
#include "buffer/evictor.h"

#include <algorithm>

namespace buffer {
namespace {

// Rows whose metas are read at a time: often one row is enough, and each costs a page to read.
constexpr std::uint32_t kRowsPerScanFirst = 2;
constexpr std::uint32_t kRowsPerScanMax = 256;

void merge(const RowMeta& row, std::vector<EvictedRange>& ranges) {
  const RowFacts& facts = row.facts;
  const proto::Sequence seq_last(row.seq_first.value() + facts.count - 1);
  const auto same = std::ranges::find_if(ranges, [&](const EvictedRange& range) {
    return !range.facts_damaged && !row.facts_damaged && range.lane == facts.lane &&
           range.stream == row.stream && range.topic == facts.topic && range.key == facts.key &&
           range.segment == facts.segment;
  });
  if (same == ranges.end()) {
    ranges.push_back({.lane = facts.lane,
                      .stream = row.stream,
                      .topic = facts.topic,
                      .key = facts.key,
                      .device_id = facts.device_id,
                      .segment = facts.segment,
                      .id_first = facts.id_first,
                      .id_last = facts.id_last,
                      .id_count = facts.id_count,
                      .seq_first = row.seq_first,
                      .seq_last = seq_last,
                      .t_first_us = facts.t_first_us,
                      .t_last_us = facts.t_last_us,
                      .rows = 1,
                      .bytes = row.payload_bytes,
                      .facts_damaged = row.facts_damaged});
    return;
  }
  if (facts.id_count > 0) {
    const bool had_ids = same->id_count > 0;
    same->id_first = had_ids ? std::min(same->id_first, facts.id_first) : facts.id_first;
    same->id_last = had_ids ? std::max(same->id_last, facts.id_last) : facts.id_last;
  }
  same->id_count += facts.id_count;
  same->seq_last = seq_last;
  same->t_first_us = std::min(same->t_first_us, facts.t_first_us);
  same->t_last_us = std::max(same->t_last_us, facts.t_last_us);
  ++same->rows;
  same->bytes += row.payload_bytes;
}

void record_removal(LaneLedger& ledger, Position from, Position through, LaneMark lost) {
  auto& holes = ledger.holes;
  if (from != ledger.head) {
    if (!holes.empty() && holes.back().through.next() == from) {
      holes.back().through = through;
      holes.back().lost.records += lost.records;
      holes.back().lost.bytes += lost.bytes;
    } else {
      holes.push_back({from, through, lost});
    }
    return;
  }
  ledger.head = through.next();
  ledger.begin.records += lost.records;
  ledger.begin.bytes += lost.bytes;
  while (!holes.empty() && holes.front().from == ledger.head) {
    ledger.head = holes.front().through.next();
    ledger.begin.records += holes.front().lost.records;
    ledger.begin.bytes += holes.front().lost.bytes;
    holes.erase(holes.begin());
  }
}

// The first stretch of [from, through] that is there: not pinned, not a hole.
std::optional<std::pair<Position, Position>> first_free(const LaneLedger& ledger,
                                                        const std::optional<Pin>& pin,
                                                        Position from, Position through) {
  bool moved = true;
  while (moved) {
    moved = false;
    if (pin && from >= pin->from && from <= pin->through) {
      from = pin->through.next();
      moved = true;
    }
    for (const LaneHole& hole : ledger.holes) {
      if (from < hole.from || from > hole.through) continue;
      from = hole.through.next();
      moved = true;
    }
  }
  if (from > through) return std::nullopt;
  if (pin && pin->from > from) through = std::min(through, Position(pin->from.value() - 1));
  for (const LaneHole& hole : ledger.holes) {
    if (hole.from > from) through = std::min(through, Position(hole.from.value() - 1));
  }
  // A new hole must grow the last one or have a place in the list, which is ascending.
  const bool at_head = from == ledger.head;
  const bool grows = !ledger.holes.empty() && ledger.holes.back().through.next() == from;
  const bool behind = ledger.holes.empty() || ledger.holes.back().through < from;
  if (at_head || grows || (behind && ledger.holes.size() < kLaneHolesMax)) {
    return std::pair(from, through);
  }
  return std::nullopt;
}

}  // namespace

int Evictor::choose(const LaneLedgers& ledgers, const Pins& pins, std::optional<Choice>& choice) {
  std::optional<std::int64_t> oldest_us;
  for (const proto::Lane lane : kRowLanes) {  // archive comes first
    const LaneLedger& ledger = ledgers[slot(lane)];
    if (ledger.empty() || ledger.watermark < ledger.head) continue;
    const auto free =
        first_free(ledger, pins[slot(lane)], ledger.head, std::min(ledger.watermark, ledger.tail));
    if (!free) continue;
    std::vector<StoredMeta> head;
    const int code = rows_.scan(lane, free->first, Walk::kUp, 1, head);
    if (code != SQLITE_OK) return code;
    const std::int64_t t_us = head.empty() ? 0 : head.front().meta.facts.t_last_us;
    if (oldest_us && *oldest_us <= t_us) continue;
    oldest_us = t_us;
    choice = Choice{lane, free->first, free->second, true};
    if (lane == proto::Lane::kArchive) return SQLITE_OK;
  }
  if (choice) return SQLITE_OK;
  for (const proto::Lane lane : kRowLanes) {
    const LaneLedger& ledger = ledgers[slot(lane)];
    if (ledger.empty()) continue;
    const auto free = first_free(ledger, pins[slot(lane)], ledger.unacked_from, ledger.tail);
    if (!free) continue;
    choice = Choice{lane, free->first, free->second, false};
    return SQLITE_OK;
  }
  return SQLITE_OK;
}

int Evictor::step(LaneLedgers& ledgers, const Pins& pins, std::uint64_t bytes_wanted,
                  Eviction& eviction) {
  std::optional<Choice> choice;
  int code = choose(ledgers, pins, choice);
  if (code != SQLITE_OK) return code;
  if (!choice) return SQLITE_DONE;
  LaneLedger& ledger = ledgers[slot(choice->lane)];
  eviction.lanes[slot(choice->lane)] = true;
  code = remove(*choice, ledger, bytes_wanted, eviction);
  return code == SQLITE_OK ? refresh_acked(rows_, choice->lane, ledger) : code;
}

int Evictor::remove(const Choice& choice, LaneLedger& ledger, std::uint64_t bytes_wanted,
                    Eviction& eviction) {
  Position from = choice.from;
  std::uint64_t bytes = 0;
  std::uint32_t rows_per_scan = kRowsPerScanFirst;
  std::vector<StoredMeta> metas;
  while (bytes < bytes_wanted && from <= choice.through) {
    metas.clear();
    int code = rows_.scan(choice.lane, from, Walk::kUp, rows_per_scan, metas);
    if (code != SQLITE_OK) return code;
    rows_per_scan = std::min(2 * rows_per_scan, kRowsPerScanMax);
    LaneMark lost;
    Position last;
    for (const StoredMeta& row : metas) {
      if (row.meta.position > choice.through || bytes >= bytes_wanted) break;
      bytes += row.meta.payload_bytes + sizeof(StoredMeta);
      lost.records += row.meta.facts_damaged ? 1 : row.meta.facts.count;
      lost.bytes += row.meta.payload_bytes;
      last = row.meta.position;
      if (!choice.acked) merge(row.meta, eviction.ranges);
      (choice.acked ? eviction.acked_rows : eviction.unacked_rows) += 1;
    }
    if (last == Position()) return SQLITE_CORRUPT;  // the table lacks rows that its ends promise
    code = rows_.remove(choice.lane, from, last);
    if (code != SQLITE_OK) return code;
    record_removal(ledger, from, last, lost);
    from = last.next();
  }
  return SQLITE_OK;
}

}  // namespace buffer
