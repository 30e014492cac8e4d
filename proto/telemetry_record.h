// SPDX-License-Identifier: Apache-2.0
// One record of bench.telemetry.v1 (wire.md 3): 31 fields, fixed before it enters the spool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/ids.h"

namespace proto {

struct StepType {
  std::string name;  // Rest, Charge, Discharge, or an own one
  int id = 0;        // 0, 1, 2, own ones from 100
};

// Name of an `auxiliary` entry that is a float; integers are fields of their own.
using NamedValue = std::pair<std::string, double>;

struct TelemetryRecord {
  std::string device_id;
  std::string test_id;
  std::uint32_t cycle_number = 1;
  std::uint32_t step_number = 1;
  std::optional<StepType> step;
  RecordNumber record_number;
  std::int64_t end_utc_us = 0;  // `timestamp` and `epoch_us`: the interval's end

  double voltage_v = 0;  // means
  double current_a = 0;
  double power_w = 0;
  double duration_s = 0;
  double voltage_delta_v = 0;
  double current_delta_a = 0;
  double power_delta_w = 0;
  double capacity_charged_ah = 0;
  double capacity_discharged_ah = 0;
  double energy_charged_wh = 0;
  double energy_discharged_wh = 0;
  double step_duration_s = 0;
  double step_capacity_charged_ah = 0;
  double step_capacity_discharged_ah = 0;
  double step_energy_charged_wh = 0;
  double step_energy_discharged_wh = 0;

  SegmentId segment;
  SampleId sample_id_first;
  SampleId sample_id_last;  // inclusive
  // sample_count + samples_missing = the span of ids in values.
  std::uint64_t sample_count = 0;     // arrived, finite or not
  std::uint64_t samples_missing = 0;  // never arrived
  std::uint64_t samples_invalid = 0;  // of sample_count: not finite, in no mean and no sum
  double charge_c = 0;                // net, correctly rounded from the exact sums
  double energy_j = 0;
  std::vector<NamedValue> auxiliary;  // voltage_min__V, ..., temperature__C, in this order

  std::string metadata_json;  // the text of the `metadata` string: itself a JSON object
};

// The record's bytes: one flat JSON object, strict, no trailing newline. differential_capacity_*
// are computed here: increment / voltage_delta, null when that is 0. Values must be finite.
std::string to_json(const TelemetryRecord& record);

}  // namespace proto
