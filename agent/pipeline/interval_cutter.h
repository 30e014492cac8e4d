// SPDX-License-Identifier: Apache-2.0
// Where telemetry intervals begin and end, in SampleIds: every `length` ids, and early at borders.
#pragma once

#include <cstdint>

#include "agent/pipeline/id_ranges.h"

namespace agent {

class IntervalCutter {
 public:
  IntervalCutter() = default;
  explicit IntervalCutter(std::uint64_t length_ids) : length_ids_(length_ids) {}

  // A full interval begins at `id`.
  void begin(proto::SampleId id) { start_ = id; }
  proto::SampleId start() const { return start_; }
  proto::SampleId end() const { return start_ + length_ids_; }
  // The interval is complete when everything before `position` has been seen.
  bool is_due(proto::SampleId position) const { return position >= end(); }
  // Values of `ids_per_value` ids from `position` on that belong to this interval: a value belongs
  // where its first id lies. At least 1 while the interval is not due.
  std::uint64_t values_left(proto::SampleId position, std::uint32_t ids_per_value) const {
    return (end().value() - position.value() + ids_per_value - 1) / ids_per_value;
  }
  // The start of the interval that holds `position`, when those before it had no sample at all.
  proto::SampleId start_of_interval_with(proto::SampleId position) const {
    const std::uint64_t whole = (position.value() - start_.value()) / length_ids_;
    return start_ + whole * length_ids_;
  }

 private:
  std::uint64_t length_ids_ = 1;
  proto::SampleId start_;
};

}  // namespace agent
