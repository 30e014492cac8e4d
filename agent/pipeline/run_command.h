// SPDX-License-Identifier: Apache-2.0
// What a person or a program asks of a run. Executed by the pipeline thread at the next sample not
// yet processed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "proto/side_records.h"
#include "proto/telemetry_record.h"

namespace agent {

struct StartRun {
  std::string test_id;  // empty: suggested, <UTC start>-<4 hex>
  std::optional<std::string> recipe_id;
  std::optional<std::string> recipe;
  std::optional<std::string> part_id;
  std::optional<std::string> part;
  std::optional<std::string> algorithm;
  std::optional<std::string> algorithm_version;
  proto::Labels labels;
};
struct StopRun {};
struct MarkRun {
  std::string message;
  std::optional<double> value;
};
struct NextStep {
  std::optional<proto::StepType> type;
};
struct NextCycle {};

using RunCommand = std::variant<StartRun, StopRun, MarkRun, NextStep, NextCycle>;

// What the person is told. Errors: PipelineErrc.
struct RunReply {
  std::string device_id;
  std::string test_id;
  std::string state;  // running, stopped
  std::uint32_t step_number = 1;
  std::uint32_t cycle_number = 1;
  proto::RecordNumber record_number;  // last one written
  std::int64_t utc_us = 0;            // of the border
};

}  // namespace agent
