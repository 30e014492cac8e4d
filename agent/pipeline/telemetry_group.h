// SPDX-License-Identifier: Apache-2.0
// Telemetry records of one test and segment on their way into one spool row.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/pipeline/id_ranges.h"
#include "agent/pipeline/test_progress.h"
#include "buffer/row.h"
#include "proto/record_group.h"
#include "proto/telemetry_record.h"

namespace agent {

class TelemetryGroup {
 public:
  explicit TelemetryGroup(std::string topic) : topic_(std::move(topic)) {}

  bool empty() const { return records_.empty(); }
  bool is_full() const;
  std::int64_t since_ns() const { return since_ns_; }
  const IdSpan& span() const { return span_; }
  // After the last record.
  const TestProgress& progress() const { return progress_; }

  struct Facts {
    std::int64_t start_utc_us = 0;
    std::uint64_t missing_ids = 0;
    std::int64_t now_monotonic_ns = 0;
  };
  void add(const proto::TelemetryRecord& record, const TestProgress& progress, const Facts& facts);
  // The row; the group is empty again. Not to be called on an empty one.
  buffer::NewRow seal();

 private:
  const std::string topic_;
  proto::RecordGroupWriter writer_;
  std::vector<proto::GroupedRecord> records_;
  std::size_t bytes_ = 0;
  IdSpan span_;
  std::uint64_t ids_ = 0;
  std::int64_t since_ns_ = 0;
  TestProgress progress_;
  std::string device_id_;
  proto::SegmentId segment_;
};

}  // namespace agent
