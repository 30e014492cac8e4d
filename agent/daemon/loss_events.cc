// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/loss_events.h"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/daemon/instrument_factory.h"
#include "proto/cloud_event.h"

namespace agent {
namespace {

// "<device_id>/<test_id>" or "<agent_id>".
std::optional<std::string> test_of(const std::string& key) {
  const auto slash = key.find('/');
  if (slash == std::string::npos) return std::nullopt;
  return key.substr(slash + 1);
}

std::optional<std::string> device_of(const std::string& device_id) {
  return device_id.empty() ? std::nullopt : std::optional<std::string>(device_id);
}

// What evicted ranges and corrupt rows have in common.
struct LostRows {
  proto::GapReason reason;
  const proto::Lane lane;
  const proto::StreamId stream;
  std::string key;
  std::string device_id;
  proto::SegmentId segment;
  proto::IdRange ids;
  std::uint64_t id_count = 0;
  std::int64_t t_first_us = 0;
  std::int64_t t_last_us = 0;
  proto::Sequence seq_first;
  proto::Sequence seq_last;
};

proto::EventRecord gap_event_of(const LostRows& lost) {
  proto::EventRecord event;
  event.utc_us = lost.t_first_us;
  event.device_id = device_of(lost.device_id);
  if (event.device_id) event.test_id = test_of(lost.key);
  event.event_type = "gap";
  event.severity = proto::Severity::kWarning;
  proto::GapDetail& detail = event.gap.emplace();
  detail.lane = lost.lane;
  detail.stream = lost.stream;
  detail.sequence_first = lost.seq_first;
  detail.sequence_last = lost.seq_last;
  detail.gap.reason = lost.reason;
  detail.gap.segment = lost.segment;
  detail.gap.start_utc_ns = lost.t_first_us * 1000;
  detail.gap.duration_s = static_cast<double>(lost.t_last_us - lost.t_first_us) / 1e6;
  if (lost.id_count > 0) {
    detail.gap.signals = {"current", "voltage"};
    detail.gap.ids = lost.ids;
    detail.samples_lost = lost.id_count / ids_per_value_of(lost.device_id);
  }
  event.message =
      fmt::format("{}: records {} to {} of lane {} are gone, {} values",
                  proto::to_string(lost.reason), lost.seq_first.value(), lost.seq_last.value(),
                  proto::to_string(lost.lane), detail.samples_lost);
  return event;
}

// The row's own account of itself cannot be trusted.
proto::EventRecord unnamed_loss(proto::GapReason reason, proto::Lane lane, std::int64_t at_us) {
  proto::EventRecord event;
  event.utc_us = at_us;
  event.event_type = "gap";
  event.severity = proto::Severity::kError;
  proto::GapDetail& detail = event.gap.emplace();
  detail.lane = lane;
  detail.gap.reason = reason;
  detail.gap.start_utc_ns = at_us * 1000;
  event.message = fmt::format(
      "{}: a row of lane {} is gone, and its facts fail their checksum: what it held "
      "cannot be told",
      proto::to_string(reason), proto::to_string(lane));
  return event;
}

std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

proto::Sequence last_of(const buffer::RowMeta& row) {
  return proto::Sequence(row.seq_first.value() + row.facts.count - 1);
}

}  // namespace

proto::EventRecord evicted_event(const buffer::EvictedRange& range) {
  if (range.facts_damaged) {
    return unnamed_loss(proto::GapReason::kEvicted, range.lane, range.t_first_us);
  }
  return gap_event_of({.reason = proto::GapReason::kEvicted,
                       .lane = range.lane,
                       .stream = range.stream,
                       .key = range.key,
                       .device_id = range.device_id,
                       .segment = range.segment,
                       .ids = {range.id_first, range.id_last},
                       .id_count = range.id_count,
                       .t_first_us = range.t_first_us,
                       .t_last_us = range.t_last_us,
                       .seq_first = range.seq_first,
                       .seq_last = range.seq_last});
}

proto::EventRecord corrupt_event(const buffer::RowMeta& row, std::int64_t now_us) {
  const buffer::RowFacts& facts = row.facts;
  if (row.facts_damaged) return unnamed_loss(proto::GapReason::kCorrupt, facts.lane, now_us);
  return gap_event_of({.reason = proto::GapReason::kCorrupt,
                       .lane = facts.lane,
                       .stream = row.stream,
                       .key = facts.key,
                       .device_id = facts.device_id,
                       .segment = facts.segment,
                       .ids = {facts.id_first, facts.id_last},
                       .id_count = facts.id_count,
                       .t_first_us = facts.t_first_us,
                       .t_last_us = facts.t_last_us,
                       .seq_first = row.seq_first,
                       .seq_last = last_of(row)});
}

proto::EventRecord quarantined_event(const ForwarderEvent& event, std::int64_t now_us) {
  const buffer::RowFacts& facts = event.row.facts;
  proto::EventRecord record;
  record.utc_us = now_us;
  record.device_id = device_of(facts.device_id);
  if (record.device_id) record.test_id = test_of(facts.key);
  record.event_type = "batch_quarantined";
  record.severity = proto::Severity::kError;
  record.message = "the broker will not take " + event.ce_id + ": " + event.reason;
  record.context_json = json_text({{"ce_id", event.ce_id},
                                   {"reason", event.reason},
                                   {"topic", facts.topic},
                                   {"lane", std::string(proto::to_string(facts.lane))},
                                   {"stream", event.row.stream.to_hex()},
                                   {"sequence_first", event.row.seq_first.value()},
                                   {"sequence_last", last_of(event.row).value()}});
  return record;
}

LossEvents::LossEvents(EventFactory& events, const proto::Clock& clock)
    : events_(events), clock_(clock) {}

std::vector<buffer::NewRow> LossEvents::on_evicted(std::span<const buffer::EvictedRange> ranges) {
  std::vector<proto::EventRecord> told;
  for (const buffer::EvictedRange& range : ranges) {
    count(range);
    told.push_back(evicted_event(range));
  }
  return events_.rows(std::move(told));
}

void LossEvents::count(const buffer::EvictedRange& range) {
  const std::lock_guard lock(mutex_);
  if (!range.facts_damaged) {
    proto::Sequence& last = counted_[{range.lane, range.stream}];
    if (range.seq_last <= last) return;
    last = range.seq_last;
  }
  totals_.rows += range.rows;
  totals_.last_utc_us = clock_.utc_ns() / 1000;
  if (range.lane != proto::Lane::kWaveform && !range.facts_damaged) {
    totals_.values += range.id_count / ids_per_value_of(range.device_id);
  }
}

SpoolEntry LossEvents::on_forwarder_event(const ForwarderEvent& event) {
  const std::int64_t now_us = clock_.utc_ns() / 1000;
  SpoolEntry entry;
  entry.rows = events_.rows({event.kind == ForwarderEvent::Kind::kRowCorrupt
                                 ? corrupt_event(event.row, now_us)
                                 : quarantined_event(event, now_us)});
  entry.state.push_back(event.state);
  return entry;
}

LossTotals LossEvents::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace agent
