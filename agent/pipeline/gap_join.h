// SPDX-License-Identifier: Apache-2.0
// What lies between two segments of one instrument: exact ids when its counter went on, else a
// duration. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/pipeline/id_ranges.h"
#include "agent/pipeline/lane_ledger.h"
#include "proto/gap.h"
#include "proto/ids.h"
#include "proto/time_map.h"

namespace agent {

// Where a segment stopped, as far as is known.
struct SegmentTail {
  proto::StreamId stream;
  proto::SegmentId segment;
  proto::TimeMap time;
  std::string test_id;
  std::uint32_t ids_per_value = 1;
};

struct SegmentHead {
  proto::SampleId first_id;
  proto::TimeMap time;
};

// The counter went on if the new segment's first id, mapped by the old TimeMap, agrees with the
// host clock within 1 s, and is not before what was seen.
bool counter_went_on(const SegmentTail& tail, const SegmentHead& head, proto::SampleId seen_end,
                     std::int64_t host_utc_ns);

// The gaps of one lane: what its books hold open up to the head, in exact ids; or, when the counter
// did not go on, one gap of a duration. Reason and signals are the caller's.
std::vector<proto::Gap> gaps_between(const SegmentTail& tail, const SegmentHead& head,
                                     const LaneLedger& lane, bool went_on);

// A gap of `span` in the segment that `time` maps.
proto::Gap gap_of(const IdSpan& span, proto::SegmentId segment, const proto::TimeMap& time);

}  // namespace agent
