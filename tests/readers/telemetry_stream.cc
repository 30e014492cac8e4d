// SPDX-License-Identifier: Apache-2.0
// Prints records for the inference trap: a long rest, whose floats are all whole numbers, then a
// discharge.  telemetry_stream <resting records> <discharging records>
#include <cstdio>
#include <cstdlib>

#include "proto/telemetry_record.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const long resting = std::atol(argv[1]);
  const long discharging = std::atol(argv[2]);
  for (long i = 0; i < resting + discharging; ++i) {
    proto::TelemetryRecord record;
    record.device_id = "js220-001234";
    record.test_id = "t-0001";
    record.record_number = proto::RecordNumber(static_cast<std::uint64_t>(i + 1));
    record.end_utc_us = 1'795'521'600'000'000 + i * 1'000'000;
    record.duration_s = 1;
    record.step_duration_s = static_cast<double>(i + 1);
    record.voltage_v = 3;
    if (i >= resting) {
      record.current_a = -0.25;
      record.capacity_discharged_ah = 0.25 / 3600;
    }
    record.metadata_json = "{}";
    std::puts(to_json(record).c_str());
  }
  return 0;
}
