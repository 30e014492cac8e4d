// SPDX-License-Identifier: Apache-2.0
// The few facts of an event record that an audit needs, read back from its JSON (wire.md 4).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/audit/interval_set.h"
#include "proto/ids.h"
#include "proto/lane.h"

namespace agent {

struct GapFacts {
  std::string reason;
  std::optional<proto::Lane> lane;  // absent: all lanes
  std::string stream;
  proto::SegmentId segment;
  bool floats_missing = false;  // current or voltage is among the signals
  std::optional<Interval> ids;
  std::optional<Interval> sequences;
  double duration_s = 0;
};

struct ChainFacts {
  std::string stream;
  std::optional<std::string> previous_stream;
  std::map<proto::Lane, proto::Sequence> previous_last;
};

struct EventFacts {
  std::string type;
  std::optional<std::string> device_id;
  std::optional<GapFacts> gap;
  std::optional<ChainFacts> chain;
};

// One telemetry record's facts.
struct TelemetryFacts {
  std::string device_id;
  std::string test_id;
  std::uint64_t record_number = 0;
  std::int64_t epoch_us = 0;
  proto::SegmentId segment;
  Interval ids;
  std::uint64_t samples_seen = 0;  // valid or not
  std::uint64_t samples_missing = 0;
  double charge_c = 0;
  double energy_j = 0;
};

// Absent: not such a record.
std::optional<EventFacts> read_event(std::string_view json);
std::optional<TelemetryFacts> read_telemetry(std::string_view json);

}  // namespace agent
