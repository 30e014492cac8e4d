// SPDX-License-Identifier: Apache-2.0
// What is sent and not yet acked, in order per lane: which reports are outstanding, how far a lane
// is done without a hole.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "agent/forward/row_expander.h"

namespace agent {

struct WindowLimits {
  std::uint64_t bytes_max = 0;
  std::uint64_t rows_max = 0;
  std::uint64_t records_max = 0;
};

// What may be acked now.
struct WindowAcks {
  std::vector<buffer::LaneAck> lanes;
  std::vector<buffer::LatestAck> latest;
  std::uint64_t records = 0;
  std::uint64_t size_bytes = 0;
  bool empty() const { return lanes.empty() && latest.empty(); }
};

// One thread. Keeps the bytes of each row until its last report.
class SendWindow {
 public:
  explicit SendWindow(const WindowLimits& limits) : limits_(limits) {}

  // False when another row must wait. A row larger than the window goes alone.
  bool has_room() const;
  // Gives the row's records the tag that their reports come back with.
  OutgoingRow& add(std::unique_ptr<OutgoingRow> row);
  // The producer took one more record of the newest row.
  void produced(OutgoingRow& row);
  // A row of the lane that needs no sending: dealt with in its turn.
  void skip(const RowId& id);
  // A report for a record: its row, or nullptr for one that was dropped long ago. `delivered` once
  // for each record makes the row done.
  const OutgoingRow* on_report(std::uint64_t tag, bool delivered);
  // The transaction is committed: everything is done.
  void complete();
  // Everything that is done with nothing undone before it in its lane. It leaves the window.
  WindowAcks take_acks();
  // After an abort or with the producer gone: everything undone is forgotten, to be read again.
  // Returns the number of records that were on their way.
  std::uint64_t drop();
  // With the producer gone no report comes any more.
  void forget_reports();

  bool empty() const { return rows_ == 0; }  // nothing sent that is not acked
  std::uint64_t records() const { return records_; }
  std::uint64_t outstanding() const { return outstanding_; }  // reports to come

 private:
  struct Sent {
    std::unique_ptr<OutgoingRow> row;
    std::uint64_t produced = 0;
    std::uint64_t reported = 0;
    std::uint64_t delivered = 0;
    bool dropped = false;
  };
  struct Slot {
    RowId id;
    std::uint64_t tag = 0;  // 0: skipped
    bool done = false;
  };
  void release(std::map<std::uint64_t, Sent>::iterator at);
  void mark_done(const RowId& id);

  const WindowLimits limits_;
  std::map<std::uint64_t, Sent> sent_;
  std::map<proto::Lane, std::deque<Slot>> lanes_;
  std::uint64_t last_tag_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t size_bytes_ = 0;
  std::uint64_t outstanding_ = 0;
};

}  // namespace agent
