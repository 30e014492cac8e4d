// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/gap_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace agent {

bool takes_samples(const proto::Gap& gap) {
  return gap.signals.empty() ||
         std::any_of(gap.signals.begin(), gap.signals.end(), [](const std::string& name) {
           return name == "current" || name == "voltage";
         });
}

std::uint64_t values_lost(const proto::Gap& gap, const SegmentTail& tail) {
  if (!takes_samples(gap)) return 0;
  if (gap.ids.has_value()) return gap.ids->count() / tail.ids_per_value;
  return static_cast<std::uint64_t>(
      std::llround(gap.duration_s * tail.time.rate_hz / tail.ids_per_value));
}

proto::EventRecord gap_event(const std::string& device_id, const SegmentTail& tail,
                             std::optional<proto::Lane> lane, proto::Gap gap) {
  if (gap.signals.empty()) gap.signals = {"current", "voltage"};
  proto::EventRecord event;
  event.utc_us = gap.start_utc_ns / 1000;
  event.device_id = device_id;
  event.test_id = tail.test_id;
  event.event_type = "gap";
  event.severity = proto::Severity::kWarning;
  proto::GapDetail detail;
  detail.samples_lost = values_lost(gap, tail);
  detail.lane = lane;
  detail.stream = tail.stream;
  event.message =
      fmt::format("{}: {} values of {} are missing", proto::to_string(gap.reason),
                  detail.samples_lost, lane.has_value() ? proto::to_string(*lane) : "all lanes");
  detail.gap = std::move(gap);
  event.gap = std::move(detail);
  return event;
}

}  // namespace agent
