// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/interval_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace agent {
namespace {

TEST(IntervalSet, MergesNeighboursAndCountsRepeats) {
  IntervalSet set;
  EXPECT_EQ(set.insert({10, 19}), 0u);
  EXPECT_EQ(set.insert({20, 29}), 0u);
  EXPECT_EQ(set.insert({5, 14}), 5u);
  EXPECT_EQ(set.count(), 25u);
  EXPECT_EQ(set.hull(), (Interval{5, 29}));
  EXPECT_TRUE(set.holes().empty());
  set.insert({40, 40});
  EXPECT_EQ(set.holes(), (std::vector<Interval>{{30, 39}}));
  EXPECT_EQ(set.holes_within({0, 50}), (std::vector<Interval>{{0, 4}, {30, 39}, {41, 50}}));
}

TEST(IntervalSet, AgreesWithAPlainSetOfNumbers) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    IntervalSet set;
    std::set<std::uint64_t> plain;
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t first = random() % 100;
      const Interval interval{first, first + random() % 12};
      std::uint64_t repeated = 0;
      for (std::uint64_t n = interval.first; n <= interval.last; ++n) {
        repeated += plain.insert(n).second ? 0 : 1;
      }
      ASSERT_EQ(set.insert(interval), repeated);
    }
    ASSERT_EQ(set.count(), plain.size());
    const Interval probe{20, 70};
    std::uint64_t within = 0;
    for (const std::uint64_t n : plain) within += n >= probe.first && n <= probe.last ? 1 : 0;
    ASSERT_EQ(set.count_within(probe), within);
    std::uint64_t in_holes = 0;
    for (const Interval& hole : set.holes_within(probe)) in_holes += hole.count();
    ASSERT_EQ(in_holes, probe.count() - within);
  }
}

}  // namespace
}  // namespace agent
