// SPDX-License-Identifier: Apache-2.0
// What is to be sent next: by lane priority, in order within a lane, without what is delivered
// already or set aside.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/forward/forwarder.h"
#include "agent/forward/lane_feed.h"
#include "agent/forward/progress.h"
#include "agent/forward/quarantine.h"
#include "agent/forward/row_expander.h"
#include "agent/forward/send_window.h"

namespace agent {

using ForwarderListener = std::function<void(const ForwarderEvent&)>;

// One thread. The spool and the window outlive it.
class Outbox {
 public:
  Outbox(SpoolPort& spool, SendWindow& window, RowExpander expander, ForwarderListener listener);

  // The quarantine and the watermarks, from the spool.
  proto::Result<void> load();
  // Everything that is not acked is to be sent again.
  void restart();
  // Reads ahead until `bytes_max` are ready, higher lanes first.
  proto::Result<void> gather(std::uint64_t bytes_max);
  std::uint64_t ready_bytes() const;

  // The next row that must be sent. What is delivered (`progress`) or set aside is skipped in the
  // window. A lane waits while the record of its set-aside row is not durable.
  std::optional<RowId> next(const Progress& progress);
  // Takes that row. Absent: its payload could not be read after all; ask for the next one.
  std::unique_ptr<OutgoingRow> take(const RowId& id, std::int64_t now_utc_us);

  // The broker will never take it.
  void quarantine(const OutgoingRow& row, const std::string& reason);

  void on_acked(const WindowAcks& acks);
  // What was acked is durable in every lane and nothing waits: older streams are of no interest.
  bool all_durable();

  std::vector<QuarantinedBatch> quarantined() const { return quarantine_.list(); }
  const std::string& trouble() const { return trouble_; }  // of reading state values

 private:
  struct Lane {
    explicit Lane(proto::Lane lane) : feed(lane) {}
    LaneFeed feed;
    buffer::Position acked_through;
  };
  proto::Result<void> gather_values();
  bool next_in(Lane& lane, const Progress& progress);
  bool next_value(const Progress& progress);
  bool dealt_with(const RowId& id);
  void set_aside(ForwarderEvent event, const RowId& id);

  SpoolPort& spool_;
  SendWindow& window_;
  const RowExpander expander_;
  const ForwarderListener listener_;
  Quarantine quarantine_;
  std::array<Lane, proto::kFifoLanes.size()> lanes_;
  std::deque<buffer::LatestValue> values_;
  // Values are taken by version, so one number says which are.
  std::uint64_t taken_version_ = 0;
  std::uint64_t acked_version_ = 0;
  std::string trouble_;
};

}  // namespace agent
