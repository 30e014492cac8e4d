// SPDX-License-Identifier: Apache-2.0
// Which rows go when space is needed, and what their going is called. Private to buffer/.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "buffer/lane_ledger.h"
#include "buffer/row.h"
#include "buffer/row_store.h"

namespace buffer {

// Rows of an open transaction, inclusive.
struct Pin {
  Position from;
  Position through;
};
using Pins = std::array<std::optional<Pin>, kLaneSlots>;

struct Eviction {
  std::vector<EvictedRange> ranges;  // of unacked rows
  std::uint64_t unacked_rows = 0;
  std::uint64_t acked_rows = 0;
  std::array<bool, kLaneSlots> lanes{};  // touched
};

// Order: acked archive; acked rows of the other lanes, the oldest first; unacked archive, waveform,
// telemetry, events. Within a lane the oldest first; pinned rows stay, those behind them may go.
class Evictor {
 public:
  explicit Evictor(RowStore& rows) : rows_(rows) {}

  // Removes rows of one lane and one kind, at least one and until `bytes_wanted` are gone or there
  // are no more of them. SQLITE_DONE when nothing in the spool may go. Adds to `eviction`.
  int step(LaneLedgers& ledgers, const Pins& pins, std::uint64_t bytes_wanted, Eviction& eviction);

 private:
  // Rows [from, through] of a lane, all acked or all unacked, none pinned.
  struct Choice {
    proto::Lane lane = proto::Lane::kArchive;
    Position from;
    Position through;
    bool acked = false;
  };
  int choose(const LaneLedgers& ledgers, const Pins& pins, std::optional<Choice>& choice);
  int remove(const Choice& choice, LaneLedger& ledger, std::uint64_t bytes_wanted,
             Eviction& eviction);

  RowStore& rows_;
};

}  // namespace buffer
