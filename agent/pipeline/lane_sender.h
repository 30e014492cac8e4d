// SPDX-License-Identifier: Apache-2.0
// Hands entries to the spool's queue, each with the state that is true once it is committed: so a
// crash at any moment repeats no record number and no id, and leaves none unaccounted for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/pipeline/pipeline.h"
#include "agent/pipeline/pipeline_state.h"
#include "buffer/row.h"
#include "proto/gap.h"
#include "proto/side_records.h"

namespace agent {

// An entry of events and run state, and what it makes true.
struct EventEntry {
  PipelineNow now;
  std::vector<proto::EventRecord> events;
  std::vector<buffer::LatestValue> latest;
  std::vector<buffer::StateChange> state;  // besides `now`
};

struct GapTotals {
  std::uint64_t gaps = 0;
  std::map<std::string, std::uint64_t> by_reason;
  std::uint64_t values_lost = 0;  // of the telemetry lane
  std::optional<std::int64_t> last_utc_us;
  std::string last_reason;
};

class LaneSender {
 public:
  LaneSender(const proto::InstrumentId& id, PipelineLinks links);
  // Goes on from what an earlier life left.
  void resume(PipelineNow now) { now_ = std::move(now); }

  // What the entries so far amount to.
  const PipelineNow& now() const { return now_; }
  const GapTotals& totals() const { return totals_; }

  // A sealed row that covers `span`. Ids that earlier refused rows held are named as an overrun in
  // the same entry. False: no room; the row is lost, and its ids stay open in the lane's books.
  // `progress`: of the row's last record, telemetry only.
  bool send_row(buffer::NewRow row, const IdSpan& span, const TestProgress* progress,
                const proto::TimeMap& time);

  // Never refused. Gap events among them are counted.
  void send(EventEntry entry);
  // Begins an entry from what is true now.
  EventEntry entry() const { return {now_, {}, {}, {}}; }

  // Names what the lane's books hold open before `end`, as an overrun.
  void close_lane(EventEntry& entry, proto::Lane lane, proto::SampleId end) const;
  // Names `gap`, whose ids belong to the segment at hand, in the books of `lane` (absent: all).
  void name_gap(EventEntry& entry, std::optional<proto::Lane> lane, proto::Gap gap) const;

 private:
  SpoolEntry to_spool_entry(EventEntry& entry);
  void count(const EventEntry& entry);

  const std::string device_id_;
  const std::string state_prefix_;
  const PipelineLinks links_;
  PipelineNow now_;
  GapTotals totals_;
};

}  // namespace agent
