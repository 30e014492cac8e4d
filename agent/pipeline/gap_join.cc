// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/gap_join.h"

#include <algorithm>
#include <cstdlib>

namespace agent {
namespace {

constexpr std::int64_t kAgreement_ns = 1'000'000'000;
constexpr double kNsPerS = 1e9;

}  // namespace

bool counter_went_on(const SegmentTail& tail, const SegmentHead& head, proto::SampleId seen_end,
                     std::int64_t host_utc_ns) {
  if (head.first_id < seen_end) return false;
  return std::llabs(tail.time.utc_ns(head.first_id) - host_utc_ns) <= kAgreement_ns;
}

proto::Gap gap_of(const IdSpan& span, proto::SegmentId segment, const proto::TimeMap& time) {
  proto::Gap gap;
  gap.segment = segment;
  gap.ids = to_range(span);
  gap.start_utc_ns = time.utc_ns(span.begin);
  gap.duration_s = static_cast<double>(time.utc_ns(span.end) - gap.start_utc_ns) / kNsPerS;
  return gap;
}

std::vector<proto::Gap> gaps_between(const SegmentTail& tail, const SegmentHead& head,
                                     const LaneLedger& lane, bool went_on) {
  std::vector<proto::Gap> gaps;
  if (went_on) {
    for (const IdSpan& span : lane.open_before(head.first_id)) {
      gaps.push_back(gap_of(span, tail.segment, tail.time));
    }
    return gaps;
  }
  proto::Gap gap;
  gap.segment = tail.segment;
  gap.start_utc_ns = tail.time.utc_ns(lane.next);
  const std::int64_t end_utc_ns = head.time.utc_ns(head.first_id);
  const std::int64_t duration_ns = std::max<std::int64_t>(0, end_utc_ns - gap.start_utc_ns);
  gap.duration_s = static_cast<double>(duration_ns) / kNsPerS;
  gap.duration_uncertainty_s =
      static_cast<double>(tail.time.uncertainty_ns + head.time.uncertainty_ns) / kNsPerS;
  gaps.push_back(gap);
  return gaps;
}

}  // namespace agent
