// SPDX-License-Identifier: Apache-2.0
// A set of integers kept as disjoint inclusive intervals: sample ids and sequences by the million.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace agent {

struct Interval {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive, >= first
  std::uint64_t count() const { return last - first + 1; }
  bool operator==(const Interval&) const = default;
};

class IntervalSet {
 public:
  // Adds the interval; returns how many of its members were there already. Appending at the end is
  // O(1).
  std::uint64_t insert(Interval interval);
  void insert(const IntervalSet& other);

  bool empty() const { return intervals_.empty(); }
  std::uint64_t count() const { return count_; }
  std::optional<Interval> hull() const;
  std::uint64_t count_within(Interval interval) const;
  std::vector<Interval> intervals() const;
  // What is missing between the first and the last member.
  std::vector<Interval> holes() const;
  std::vector<Interval> holes_within(Interval interval) const;

 private:
  std::map<std::uint64_t, std::uint64_t>
      intervals_;  // first -> last; never adjacent, never overlapping
  std::uint64_t count_ = 0;
};

}  // namespace agent
