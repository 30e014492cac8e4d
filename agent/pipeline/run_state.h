// SPDX-License-Identifier: Apache-2.0
// Which test a device is in: its open run, or the idle test of this stream. Rules of test ids,
// steps and cycles.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "agent/pipeline/pipeline.h"
#include "agent/pipeline/test_progress.h"
#include "proto/ids.h"
#include "proto/result.h"
#include "proto/side_records.h"

namespace agent {

// Test ids are remembered up to this many; the oldest are forgotten first.
inline constexpr std::size_t kUsedTestIdsMax = 20'000;

class RunState {
 public:
  RunState(const PipelineOptions& options, const proto::StreamId& stream);

  // What the saved state holds. `progress` is of the run when there is one, else of the idle test;
  // that one counts only if it belongs to this stream.
  void restore(std::optional<OpenRun> run, TestProgress progress, std::string metadata_json,
               std::deque<std::string> used_test_ids);

  // The test id that start() will use. Errors: PipelineErrc.
  proto::Result<std::string> check_start(const StartRun& request, std::int64_t utc_us) const;
  void start(const StartRun& request, const std::string& test_id, std::int64_t utc_us);
  void stop();
  // Borders at which a step, or a cycle, has begun already change it instead of ending it.
  void next_step(std::optional<proto::StepType> type, bool step_begins_here);
  void next_cycle(bool step_begins_here, bool cycle_begins_here);

  bool is_running() const { return run_.has_value(); }
  const std::optional<OpenRun>& run() const { return run_; }
  TestProgress& progress() { return progress_; }
  const TestProgress& progress() const { return progress_; }
  const std::deque<std::string>& used_test_ids() const { return used_test_ids_; }
  // The `metadata` string of the current step's records.
  const std::string& metadata_json() const { return metadata_json_; }

 private:
  void begin_step();
  std::string make_metadata() const;

  const PipelineOptions& options_;
  const std::string idle_test_id_;
  std::optional<OpenRun> run_;
  TestProgress progress_;
  TestProgress idle_;  // while a run is open: what the idle test goes on from
  std::string metadata_json_;
  std::deque<std::string> used_test_ids_;
};

// Rest/0, Charge/1, Discharge/2, or an own name with an id from 100. Errors: PipelineErrc.
proto::Result<void> check_step_type(const proto::StepType& type);

}  // namespace agent
