// SPDX-License-Identifier: Apache-2.0
// Where each lane begins, ends and is acked, with the running counts there. The writer keeps it in
// memory; it is rebuilt from three rows and one state entry per lane, however long the lane is.
// Private to buffer/.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/row_store.h"
#include "buffer/schema.h"
#include "buffer/spool.h"
#include "buffer/state_store.h"

namespace buffer {

// Counts of a lane from its first row ever up to some point.
struct LaneMark {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

// Rows evicted from the middle of a lane, behind rows that an open transaction pinned.
struct LaneHole {
  Position from;
  Position through;
  LaneMark lost;
};
constexpr std::size_t kLaneHolesMax = 8;

// What the state entry of a lane holds: what its rows alone could not say, above all when all of
// them are evicted. Positions and counts are never reused, so they outlive the rows.
struct LaneFloor {
  Position watermark;        // the last acked
  Position tail;             // at least this position was given out
  proto::Sequence seq_last;  // of the newest stream
  LaneMark end;              // counts at `tail`
  std::vector<LaneHole> holes;

  std::string to_text() const;
  static std::optional<LaneFloor> from_text(std::string_view text);
};

struct LaneLedger {
  Position head;                // the oldest row present; tail + 1 when there is none
  Position tail;                // the newest row ever appended
  Position watermark;           // the last acked, evicted or not
  proto::Sequence seq_last;     // of this stream; 0: none yet
  LaneMark begin;               // counts before head
  LaneMark acked;               // counts before unacked_from
  LaneMark end;                 // counts at tail
  std::vector<LaneHole> holes;  // ascending; none touches head; nearly always empty
  Position unacked_from;        // the oldest row present and not acked; tail + 1: there is none
  std::optional<std::int64_t> oldest_unacked_us;  // its t_first_us

  bool empty() const { return head > tail; }
  LaneTotals totals() const;
  LaneFloor floor() const { return {watermark, tail, seq_last, end, holes}; }
};

using LaneLedgers = std::array<LaneLedger, kLaneSlots>;

// Reads the ends of all lanes. `stream`: the newest stream; sequences of older ones do not count.
proto::Result<LaneLedgers> load_ledgers(Database& db, RowStore& rows, StateStore& state,
                                        const proto::StreamId& stream, const std::string& path);
// After an ack or an eviction: finds the oldest unacked row, its time and the counts before it.
int refresh_acked(RowStore& rows, proto::Lane lane, LaneLedger& ledger);

SpoolTotals totals_of(const LaneLedgers& ledgers);

}  // namespace buffer
