// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/telemetry_group.h"

#include <utility>

#include "proto/check.h"

namespace agent {
namespace {

// At 1000 records per second and 1.8 kB each a group is sealed by age before it is full.
constexpr std::size_t kGroupRecordsMax = 1000;
constexpr std::size_t kRawBytesMax = 1 << 20;

}  // namespace

bool TelemetryGroup::is_full() const {
  return records_.size() >= kGroupRecordsMax || bytes_ >= kRawBytesMax;
}

void TelemetryGroup::add(const proto::TelemetryRecord& record, const TestProgress& progress,
                         const Facts& facts) {
  if (records_.empty()) {
    span_.begin = record.sample_id_first;
    since_ns_ = facts.now_monotonic_ns;
    device_id_ = record.device_id;
    segment_ = record.segment;
  }
  WS_CHECK(segment_ == record.segment && (empty() || progress_.test_id == progress.test_id));
  span_.end = record.sample_id_last.next();
  ids_ += span_.end.value() - record.sample_id_first.value() - facts.missing_ids;
  progress_ = progress;
  proto::GroupedRecord grouped;
  grouped.start_utc_us = facts.start_utc_us;
  grouped.end_utc_us = record.end_utc_us;
  grouped.value = proto::to_json(record);
  bytes_ += grouped.value.size();
  records_.push_back(std::move(grouped));
}

buffer::NewRow TelemetryGroup::seal() {
  WS_CHECK(!empty());
  buffer::NewRow row;
  row.facts.lane = proto::Lane::kTelemetry;
  row.facts.count = static_cast<std::uint32_t>(records_.size());
  row.facts.topic = topic_;
  row.facts.key = device_id_ + "/" + progress_.test_id;
  row.facts.device_id = device_id_;
  row.facts.segment = segment_;
  row.facts.id_first = span_.begin;
  row.facts.id_last = span_.end - 1;
  row.facts.id_count = ids_;
  row.facts.t_first_us = records_.front().start_utc_us;
  row.facts.t_last_us = records_.back().end_utc_us;
  row.payload = writer_.encode(records_);
  records_.clear();
  bytes_ = 0;
  ids_ = 0;
  return row;
}

}  // namespace agent
