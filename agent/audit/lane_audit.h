// SPDX-License-Identifier: Apache-2.0
// Continuity of sample ids in one lane of one device: what records delivered and what gap events
// name must tile the counter from the first id to the last, over all segments and streams
// (design.md 2, promise 1).
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/audit/interval_set.h"
#include "proto/ids.h"

namespace agent {

struct SegmentKey {
  std::uint64_t stream_index = 0;  // place of the stream in the chain
  std::uint32_t segment = 0;
  auto operator<=>(const SegmentKey&) const = default;
};

// Ids of one segment that arrived, without those that gap events name.
struct DeliveredRange {
  std::string stream;
  std::uint32_t segment = 0;
  Interval ids;
};

struct LaneIds {
  std::uint64_t records = 0;
  std::uint64_t total = 0;         // ids from the first to the last of each segment, joins included
  std::uint64_t delivered = 0;     // spans minus their missing ids
  std::uint64_t in_gaps = 0;       // named by gap events
  std::uint64_t missing = 0;       // neither
  std::uint64_t twice = 0;         // delivered more than once
  std::uint64_t contradicted = 0;  // named as lost, yet delivered
  double unknown_s = 0;            // gaps that have a duration only
  std::vector<DeliveredRange> ranges;  // in the order of the chain; for a comparison with the truth
  std::vector<std::string> findings;   // one sentence per kind and place, bounded

  bool ok() const { return missing == 0 && twice == 0 && contradicted == 0 && findings.empty(); }
};

class LaneAudit {
 public:
  using StreamName = std::string;  // 32 hex digits

  // A record's span. `holes` ids of it never arrived: gap events must name just as many inside the
  // span.
  void add_record(const StreamName& stream, proto::SegmentId segment, Interval span,
                  std::uint64_t holes);
  void add_gap(const StreamName& stream, proto::SegmentId segment, Interval ids);
  void add_unknown_gap(const StreamName& stream, proto::SegmentId segment, double duration_s);

  bool has_records() const { return records_ != 0; }
  // `order` gives each stream's place in the chain.
  LaneIds finish(const std::map<StreamName, std::uint64_t>& order) const;

 private:
  struct HoleySpan {
    Interval span;
    std::uint64_t holes = 0;
  };
  struct Segment {
    IntervalSet spans;  // of records
    IntervalSet gaps;
    std::vector<HoleySpan> holey;
    std::uint64_t twice = 0;
    bool counter_may_jump = false;  // a gap without ids ends this segment
    double unknown_s = 0;
  };
  static void finish_segment(const std::string& name, const Segment& segment, LaneIds& ids);
  static void finish_join(const std::string& name, Interval hull_before, Interval hull_after,
                          LaneIds& ids);

  std::map<std::pair<StreamName, std::uint32_t>, Segment> segments_;
  std::uint64_t records_ = 0;
};

}  // namespace agent
