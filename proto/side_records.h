// SPDX-License-Identifier: Apache-2.0
// The JSON side topics (wire.md 4): event, run, device, agent and progress.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/event_type.h"
#include "proto/gap.h"
#include "proto/ids.h"
#include "proto/instrument.h"
#include "proto/lane.h"

namespace proto {

enum class Severity { kInfo, kWarning, kError };

// What a `gap` event says besides the common fields. lane absent: all lanes.
struct GapDetail {
  Gap gap;
  std::optional<Lane> lane;
  StreamId stream;                         // of the missing ids
  std::optional<Sequence> sequence_first;  // evicted, corrupt
  std::optional<Sequence> sequence_last;
  std::uint64_t samples_lost = 0;  // in values of the float signals
};

// What the first event of a stream says of the one before (wire.md 2).
struct StreamChain {
  StreamId stream;
  std::optional<StreamId> previous_stream;
  std::map<Lane, Sequence> previous_last_sequence;
};

struct EventRecord {
  std::string event_id;  // "<stream id>/<event counter>"
  std::int64_t utc_us = 0;
  std::optional<std::string> device_id;  // null for events of the agent itself
  std::optional<std::string> test_id;
  EventType event_type;
  Severity severity = Severity::kInfo;
  std::optional<RecordNumber> record_number;
  std::string message;
  std::optional<double> value;
  std::optional<double> threshold;
  std::string context_json = "{}";  // the text of the `context` string
  std::optional<GapDetail> gap;
  std::optional<StreamChain> chain;
};

using Labels = std::map<std::string, std::string>;

struct RunRecord {
  std::string device_id;
  std::string test_id;
  std::string state;  // running, stopped, aborted
  std::int64_t started_utc_us = 0;
  std::optional<std::int64_t> ended_utc_us;
  std::optional<std::string> recipe_id;
  std::optional<std::string> recipe;
  std::optional<std::string> part_id;
  std::optional<std::string> part;
  std::optional<std::string> algorithm;
  std::optional<std::string> algorithm_version;
  Labels labels;
  double input_rate_hz = 0;
  double output_rate_hz = 0;
  std::string current_sign;  // measured, inverted
  std::optional<RecordNumber> first_record_number;
  std::optional<RecordNumber> last_record_number;
  std::uint64_t records_total = 0;
  std::uint64_t samples_lost = 0;
  double charge_c = 0;
  double energy_j = 0;
  std::int64_t updated_utc_us = 0;
};

struct DeviceRecord {
  DeviceInfo info;
  std::string agent_id;
  std::optional<std::string> site;
  std::optional<std::string> bench;
  std::optional<std::string> bench_class;
  std::optional<std::string> profile;
  std::int64_t updated_utc_us = 0;
};

struct AgentRecord {
  std::string agent_id;
  std::string version;
  std::int64_t utc_us = 0;
  std::string state;  // healthy, degraded, critical
  double uptime_s = 0;
  std::uint64_t spool_bytes = 0;
  std::uint64_t spool_quota_bytes = 0;
  std::optional<double> oldest_unsent_age_s;
  std::optional<double> time_to_full_s;
  std::uint64_t delivered_total = 0;
  std::uint64_t retried_total = 0;
  std::uint64_t rebuilds_total = 0;
  std::uint64_t samples_lost_total = 0;
  double backoff_s = 0;
  std::optional<std::string> last_error;
};

// Delivery progress (design.md 7): for each stream that still matters, the next sequence per lane.
struct ProgressRecord {
  std::string agent_id;
  std::string instance_id;  // random per process start: tells our own pause from a foreign instance
  std::string host;
  std::int64_t started_utc_us = 0;
  std::map<StreamId, std::map<Lane, Sequence>> next_sequence;
};

std::string to_json(const EventRecord& record);
std::string to_json(const RunRecord& record);
std::string to_json(const DeviceRecord& record);
std::string to_json(const AgentRecord& record);
std::string to_json(const ProgressRecord& record);

// The forwarder reads its own progress back. Absent when the text is not a progress record.
std::optional<ProgressRecord> progress_from_json(std::string_view text);
// After the loss of a spool the agent looks for its open runs. Absent when the text is not a run.
std::optional<RunRecord> run_from_json(std::string_view text);

}  // namespace proto
