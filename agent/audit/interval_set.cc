// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/interval_set.h"

#include <algorithm>
#include <iterator>

namespace agent {

std::uint64_t IntervalSet::insert(Interval interval) {
  const std::uint64_t repeated = count_within(interval);
  // The first interval that ends at or after the one before ours: it may touch.
  auto at = intervals_.upper_bound(interval.first);
  if (at != intervals_.begin()) {
    const auto before = std::prev(at);
    if (before->second >= interval.first || before->second + 1 == interval.first) at = before;
  }
  Interval merged = interval;
  while (at != intervals_.end() && (at->first <= merged.last || at->first == merged.last + 1)) {
    merged.first = std::min(merged.first, at->first);
    merged.last = std::max(merged.last, at->second);
    at = intervals_.erase(at);
  }
  intervals_.emplace_hint(at, merged.first, merged.last);
  count_ += interval.count() - repeated;
  return repeated;
}

void IntervalSet::insert(const IntervalSet& other) {
  for (const auto& [first, last] : other.intervals_) insert(Interval{first, last});
}

std::optional<Interval> IntervalSet::hull() const {
  if (intervals_.empty()) return std::nullopt;
  return Interval{intervals_.begin()->first, std::prev(intervals_.end())->second};
}

std::uint64_t IntervalSet::count_within(Interval interval) const {
  std::uint64_t within = 0;
  auto at = intervals_.upper_bound(interval.first);
  if (at != intervals_.begin()) --at;
  for (; at != intervals_.end() && at->first <= interval.last; ++at) {
    if (at->second < interval.first) continue;
    within += std::min(at->second, interval.last) - std::max(at->first, interval.first) + 1;
  }
  return within;
}

std::vector<Interval> IntervalSet::intervals() const {
  std::vector<Interval> all;
  all.reserve(intervals_.size());
  for (const auto& [first, last] : intervals_) all.push_back({first, last});
  return all;
}

std::vector<Interval> IntervalSet::holes() const {
  const auto whole = hull();
  return whole ? holes_within(*whole) : std::vector<Interval>{};
}

std::vector<Interval> IntervalSet::holes_within(Interval interval) const {
  std::vector<Interval> holes;
  std::uint64_t next = interval.first;
  auto at = intervals_.upper_bound(interval.first);
  if (at != intervals_.begin()) --at;
  for (; at != intervals_.end() && at->first <= interval.last; ++at) {
    if (at->second < next) continue;
    if (at->first > next) holes.push_back({next, at->first - 1});
    next = at->second + 1;
  }
  if (next <= interval.last) holes.push_back({next, interval.last});
  return holes;
}

}  // namespace agent
