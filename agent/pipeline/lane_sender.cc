// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/lane_sender.h"

#include <iterator>
#include <utility>

#include "agent/pipeline/gap_events.h"
#include "proto/check.h"

namespace agent {

LaneSender::LaneSender(const proto::InstrumentId& id, PipelineLinks links)
    : device_id_(id.device_id()),
      state_prefix_(Pipeline::state_prefix(id)),
      links_(std::move(links)) {}

bool LaneSender::send_row(buffer::NewRow row, const IdSpan& span, const TestProgress* progress,
                          const proto::TimeMap& time) {
  const proto::Lane lane = row.facts.lane;
  EventEntry next = entry();
  WS_CHECK(next.now.tail.has_value());
  next.now.tail->time = time;
  if (progress != nullptr) {
    const std::uint64_t lost = next.now.progress.values_lost;
    next.now.progress = *progress;
    next.now.progress.values_lost = lost;
  }
  close_lane(next, lane, span.begin);
  next.now.lanes[lane].advance(span.end);
  SpoolEntry spool_entry = to_spool_entry(next);
  spool_entry.rows.insert(spool_entry.rows.begin(), std::move(row));
  if (!links_.push(std::move(spool_entry))) return false;
  count(next);
  now_ = std::move(next.now);
  return true;
}

void LaneSender::send(EventEntry entry) {
  links_.push_always(to_spool_entry(entry));
  count(entry);
  now_ = std::move(entry.now);
}

void LaneSender::close_lane(EventEntry& entry, proto::Lane lane, proto::SampleId end) const {
  const LaneLedger& ledger = entry.now.lanes.at(lane);
  for (const IdSpan& span : ledger.open_before(end)) {
    proto::Gap gap = gap_of(span, entry.now.tail->segment, entry.now.tail->time);
    gap.reason = proto::GapReason::kOverrun;
    name_gap(entry, lane, std::move(gap));
  }
  entry.now.lanes.at(lane).advance(end);
}

void LaneSender::name_gap(EventEntry& entry, std::optional<proto::Lane> lane,
                          proto::Gap gap) const {
  const SegmentTail& tail = *entry.now.tail;
  if (gap.ids.has_value()) {
    const IdSpan span = {gap.ids->first, gap.ids->last.next()};
    for (auto& [other, ledger] : entry.now.lanes) {
      if (!lane.has_value() || other == *lane) ledger.name(span);
    }
  }
  if (lane != proto::Lane::kWaveform) {
    entry.now.progress.values_lost += values_lost(gap, tail);
  }
  entry.events.push_back(gap_event(device_id_, tail, lane, std::move(gap)));
}

SpoolEntry LaneSender::to_spool_entry(EventEntry& entry) {
  SpoolEntry spool_entry;
  spool_entry.producer = device_id_;
  if (!entry.events.empty()) spool_entry.rows = links_.events.rows(entry.events);
  spool_entry.latest = std::move(entry.latest);
  spool_entry.state = std::move(entry.state);
  spool_entry.state.push_back({state_prefix_ + std::string(kNowKey), to_text(entry.now)});
  return spool_entry;
}

void LaneSender::count(const EventEntry& entry) {
  for (const proto::EventRecord& event : entry.events) {
    if (!event.gap.has_value()) continue;
    ++totals_.gaps;
    totals_.last_utc_us = event.utc_us;
    totals_.last_reason = proto::to_string(event.gap->gap.reason);
    ++totals_.by_reason[totals_.last_reason];
    if (event.gap->lane != proto::Lane::kWaveform) totals_.values_lost += event.gap->samples_lost;
  }
}

}  // namespace agent
