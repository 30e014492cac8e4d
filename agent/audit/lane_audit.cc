// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/lane_audit.h"

#include <utility>

namespace agent {
namespace {

// Enough to see where it went wrong; a lost topic must not fill the memory with sentences.
constexpr std::size_t kFindingsMax = 20;

void find(LaneIds& ids, std::string text) {
  if (ids.findings.size() < kFindingsMax) ids.findings.push_back(std::move(text));
}

std::string range(Interval interval) {
  return std::to_string(interval.first) + ".." + std::to_string(interval.last);
}

}  // namespace

void LaneAudit::add_record(const StreamName& stream, proto::SegmentId segment, Interval span,
                           std::uint64_t holes) {
  ++records_;
  Segment& at = segments_[{stream, segment.value()}];
  at.twice += at.spans.insert(span);
  if (holes != 0) at.holey.push_back({span, holes});
}

void LaneAudit::add_gap(const StreamName& stream, proto::SegmentId segment, Interval ids) {
  segments_[{stream, segment.value()}].gaps.insert(ids);
}

void LaneAudit::add_unknown_gap(const StreamName& stream, proto::SegmentId segment,
                                double duration_s) {
  Segment& at = segments_[{stream, segment.value()}];
  at.counter_may_jump = true;
  at.unknown_s += duration_s;
}

void LaneAudit::finish_segment(const std::string& name, const Segment& segment, LaneIds& ids) {
  ids.twice += segment.twice;
  ids.unknown_s += segment.unknown_s;
  if (segment.twice != 0) {
    find(ids, name + ": " + std::to_string(segment.twice) + " ids delivered twice");
  }

  std::uint64_t holes_said = 0;
  for (const HoleySpan& holey : segment.holey) {
    holes_said += holey.holes;
    const std::uint64_t named = segment.gaps.count_within(holey.span);
    if (named < holey.holes) {
      ids.missing += holey.holes - named;
      find(ids, name + ": record " + range(holey.span) + " misses " + std::to_string(holey.holes) +
                    " ids, gap events name " + std::to_string(named));
    }
  }
  // Every id that a gap names inside a span must be one that the span's record says it misses.
  std::uint64_t named_in_spans = segment.spans.count();
  IntervalSet all = segment.spans;
  all.insert(segment.gaps);
  named_in_spans += segment.gaps.count() - all.count();
  if (named_in_spans > holes_said) {
    ids.contradicted += named_in_spans - holes_said;
    find(ids, name + ": " + std::to_string(named_in_spans - holes_said) +
                  " ids are named as lost, yet were delivered");
  }
  ids.delivered += segment.spans.count() - holes_said;
  ids.in_gaps += segment.gaps.count();
  for (const Interval& hole : all.holes()) {
    ids.missing += hole.count();
    find(ids, name + ": ids " + range(hole) + " are missing");
  }
  if (const auto hull = all.hull()) ids.total += hull->count();
}

void LaneAudit::finish_join(const std::string& name, Interval hull_before, Interval hull_after,
                            LaneIds& ids) {
  if (hull_after.first == hull_before.last + 1) return;
  if (hull_after.first > hull_before.last) {
    const Interval hole{hull_before.last + 1, hull_after.first - 1};
    ids.missing += hole.count();
    ids.total += hole.count();
    find(ids, name + ": ids " + range(hole) + " before it are missing");
    return;
  }
  find(ids, name + ": the counter fell from " + std::to_string(hull_before.last) + " to " +
                std::to_string(hull_after.first) + " and no gap event says why");
}

LaneIds LaneAudit::finish(const std::map<StreamName, std::uint64_t>& order) const {
  std::map<StreamName, std::uint64_t> places = order;
  std::map<SegmentKey, std::pair<const StreamName*, const Segment*>> ordered;
  for (const auto& [key, segment] : segments_) {
    // A stream that nobody announced comes last.
    const std::uint64_t place = places.emplace(key.first, places.size()).first->second;
    ordered[{place, key.second}] = {&key.first, &segment};
  }
  LaneIds ids;
  ids.records = records_;
  std::optional<Interval> hull_before;
  bool may_jump = false;
  for (const auto& [key, entry] : ordered) {
    const auto& [stream, segment] = entry;
    const std::string name =
        "stream " + stream->substr(0, 8) + " segment " + std::to_string(key.segment);
    finish_segment(name, *segment, ids);
    for (const Interval& span : segment->spans.intervals()) {
      for (const Interval& delivered : segment->gaps.holes_within(span)) {
        ids.ranges.push_back({*stream, key.segment, delivered});
      }
    }
    IntervalSet all = segment->spans;
    all.insert(segment->gaps);
    const auto hull = all.hull();
    if (hull && hull_before && !may_jump) finish_join(name, *hull_before, *hull, ids);
    may_jump = segment->counter_may_jump || (!hull && may_jump);
    if (hull) hull_before = hull;
  }
  return ids;
}

}  // namespace agent
