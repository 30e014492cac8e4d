// SPDX-License-Identifier: Apache-2.0
// After the loss of a spool: the runs that the broker still calls running, to be reported aborted
// (wire.md 1). Asked for once, at the first connection, and only when the spool was created new.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/kafka/settings.h"
#include "buffer/row.h"
#include "proto/result.h"
#include "proto/side_records.h"

namespace agent {

// The last state per run, out of the records of bench.run.v1. Pure.
class OpenRuns {
 public:
  OpenRuns(std::set<std::string> device_ids, std::set<std::string> open_now);

  // Within a partition in the order of the offsets. The key is `<device_id>/<test_id>`. An empty
  // value removes the run, and so does one that cannot be read: what it says of the run is unknown.
  void take(std::int32_t partition, std::string_view key, std::string_view value);
  // Those still running, in the order of their keys. After partitions were added a run may be in
  // two of them: then the record that was updated last counts.
  std::vector<proto::RunRecord> result() const;

 private:
  std::set<std::string> device_ids_;
  std::set<std::string> open_now_;
  // Absent value: removed.
  std::map<std::pair<std::string, std::int32_t>, std::optional<proto::RunRecord>> last_;
};

struct OpenRunsQuery {
  KafkaSettings kafka;  // checked
  std::string client_id;
  std::string topic;                 // bench.run.v1 with its prefix
  std::set<std::string> device_ids;  // of this agent
  // `<device_id>/<test_id>` of runs that this process has open: not lost.
  std::set<std::string> open_now;
  std::chrono::milliseconds timeout{30'000};
  std::function<bool()> cancelled;  // as in ProgressQuery
};

// Empty where the topic is absent. Errors as read_progress().
proto::Result<std::vector<proto::RunRecord>> find_open_runs(const OpenRunsQuery& query);

// The state `aborted` of a run, for the spool's state lane. It ended when it was last heard of,
// which is what its counts and sums stand for; it is updated now.
buffer::LatestValue aborted_run(proto::RunRecord run, std::string topic, std::int64_t now_utc_us);

}  // namespace agent
