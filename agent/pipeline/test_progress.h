// SPDX-License-Identifier: Apache-2.0
// Where a test stands: what the next telemetry record continues from. Kept in the spool's state, in
// the same commit as the records it follows from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/pipeline/run_command.h"
#include "proto/exact_sum.h"
#include "proto/telemetry_record.h"

namespace agent {

// Sums of i and of i*v in the sign of the records, apart by the sign of each interval's net.
struct StepSums {
  proto::ExactSum charge_in;
  proto::ExactSum charge_out;  // >= 0
  proto::ExactSum energy_in;
  proto::ExactSum energy_out;  // >= 0
  std::uint64_t ids = 0;
};

struct RecordValues {
  double voltage_v = 0;
  double current_a = 0;
  double power_w = 0;
};

struct TestProgress {
  std::string test_id;
  std::uint32_t cycle_number = 1;
  std::uint32_t step_number = 1;
  std::optional<proto::StepType> step;
  std::uint64_t last_record = 0;     // number of the newest record; 0: none yet
  std::int64_t last_end_utc_us = 0;  // its timestamp
  std::optional<RecordValues> previous;
  StepSums step_sums;
  proto::ExactSum charge;  // net, of the whole test
  proto::ExactSum energy;
  std::uint64_t values_lost = 0;
};

// An open run as it was asked for, and what its current step's records say of it.
struct OpenRun {
  StartRun request;
  std::int64_t started_utc_us = 0;
};

}  // namespace agent
