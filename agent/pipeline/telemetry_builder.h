// SPDX-License-Identifier: Apache-2.0
// One telemetry interval: gathers chunk summaries and losses, then makes the record and carries the
// test's progress on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/pipeline/id_ranges.h"
#include "agent/pipeline/rates.h"
#include "agent/pipeline/test_progress.h"
#include "proto/summary.h"
#include "proto/telemetry_record.h"

namespace agent {

// Values of a one-bit signal: how many were 1, of those that arrived.
struct DutyCount {
  std::uint64_t ones = 0;
  std::uint64_t known = 0;
};

// What the interval's samples do not say.
struct IntervalFacts {
  IdSpan span;
  proto::SegmentId segment;
  std::int64_t end_utc_us = 0;
  std::string device_id;
  std::string metadata_json;
};

class TelemetryBuilder {
 public:
  // `duty_signals`: names of the one-bit signals, in the order of add_duty()'s index.
  TelemetryBuilder(const Rates& rates, bool current_inverted,
                   std::vector<std::string> duty_signals);

  // Where the caller's chunk summaries add their samples.
  proto::ExactSums& sums() { return sums_; }
  void add(const proto::Summary& summary) { summary_.merge(summary); }
  void add_duty(std::size_t index, const DutyCount& count);
  void add_missing(std::uint64_t ids) { missing_ids_ += ids; }

  std::uint64_t arrived_values() const { return summary_.valid_count() + summary_.invalid_count; }

  // Ends the interval and begins the next. Absent when no sample was valid: then there is no
  // record, and `progress` is as it was.
  std::optional<proto::TelemetryRecord> finish(const IntervalFacts& facts, TestProgress& progress);

 private:
  void fill_means(proto::TelemetryRecord& record) const;
  void fill_step(proto::TelemetryRecord& record, const IdSpan& span, TestProgress& progress) const;
  void fill_auxiliary(proto::TelemetryRecord& record) const;
  void clear();

  const Rates rates_;
  const bool inverted_;
  const std::vector<std::string> duty_signals_;
  proto::ExactSums sums_;
  proto::Summary summary_;
  std::vector<DutyCount> duties_;
  std::uint64_t missing_ids_ = 0;
};

}  // namespace agent
