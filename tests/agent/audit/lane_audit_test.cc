// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/lane_audit.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

const std::string kA(32, 'a');
const std::string kB(32, 'b');
const std::map<std::string, std::uint64_t> kOrder = {{kB, 0}, {kA, 1}};  // b came before a
constexpr proto::SegmentId kFirst{1};
constexpr proto::SegmentId kSecond{2};

TEST(LaneAudit, RecordsThatTileAreAllThereIs) {
  LaneAudit audit;
  audit.add_record(kB, kFirst, {0, 99}, 0);
  audit.add_record(kB, kFirst, {100, 199}, 0);
  const LaneIds ids = audit.finish(kOrder);
  EXPECT_TRUE(ids.ok());
  EXPECT_EQ(ids.total, 200u);
  EXPECT_EQ(ids.delivered, 200u);
}

TEST(LaneAudit, AMissingRecordIsFound) {
  LaneAudit audit;
  audit.add_record(kB, kFirst, {0, 99}, 0);
  audit.add_record(kB, kFirst, {200, 299}, 0);
  const LaneIds ids = audit.finish(kOrder);
  EXPECT_FALSE(ids.ok());
  EXPECT_EQ(ids.missing, 100u);
  ASSERT_EQ(ids.findings.size(), 1u);
  EXPECT_NE(ids.findings[0].find("100..199"), std::string::npos) << ids.findings[0];
}

TEST(LaneAudit, AGapEventAccountsForAWholeMissingRecord) {
  LaneAudit audit;
  audit.add_record(kB, kFirst, {0, 99}, 0);
  audit.add_gap(kB, kFirst, {100, 199});
  audit.add_record(kB, kFirst, {200, 299}, 0);
  const LaneIds ids = audit.finish(kOrder);
  EXPECT_TRUE(ids.ok());
  EXPECT_EQ(ids.total, ids.delivered + ids.in_gaps);
  EXPECT_EQ(ids.in_gaps, 100u);
}

TEST(LaneAudit, AHoleInsideARecordNeedsAGapEventOfThatSize) {
  LaneAudit named;
  named.add_record(kB, kFirst, {0, 99}, 20);
  named.add_gap(kB, kFirst, {10, 29});
  EXPECT_TRUE(named.finish(kOrder).ok());
  EXPECT_EQ(named.finish(kOrder).delivered, 80u);

  LaneAudit unnamed;
  unnamed.add_record(kB, kFirst, {0, 99}, 20);
  unnamed.add_gap(kB, kFirst, {10, 19});
  EXPECT_EQ(unnamed.finish(kOrder).missing, 10u);
}

TEST(LaneAudit, DeliveredRangesLeaveOutWhatGapsName) {
  LaneAudit audit;
  audit.add_record(kA, kFirst, {300, 399}, 0);
  audit.add_record(kB, kFirst, {0, 99}, 20);
  audit.add_gap(kB, kFirst, {10, 29});
  audit.add_gap(kB, kFirst, {100, 299});
  const std::vector<DeliveredRange> ranges = audit.finish(kOrder).ranges;
  ASSERT_EQ(ranges.size(), 3u);
  EXPECT_EQ(ranges[0].ids, (Interval{0, 9}));
  EXPECT_EQ(ranges[1].ids, (Interval{30, 99}));
  EXPECT_EQ(ranges[2].ids, (Interval{300, 399}));
  EXPECT_EQ(ranges[2].stream, kA);
}

TEST(LaneAudit, AGapEventForDeliveredIdsIsAContradiction) {
  LaneAudit audit;
  audit.add_record(kB, kFirst, {0, 99}, 0);
  audit.add_gap(kB, kFirst, {90, 120});
  const LaneIds ids = audit.finish(kOrder);
  EXPECT_FALSE(ids.ok());
  EXPECT_EQ(ids.contradicted, 10u);
}

TEST(LaneAudit, IdsDeliveredByTwoRecordsAreCounted) {
  LaneAudit audit;
  audit.add_record(kB, kFirst, {0, 99}, 0);
  audit.add_record(kB, kFirst, {50, 149}, 0);
  EXPECT_EQ(audit.finish(kOrder).twice, 50u);
}

TEST(LaneAudit, AStreamThatEndedIsJoinedByAnExactGap) {
  LaneAudit audit;
  audit.add_record(kA, kFirst, {500, 599}, 0);
  audit.add_record(kB, kFirst, {0, 99}, 0);
  EXPECT_EQ(audit.finish(kOrder).missing, 400u);
  audit.add_gap(kB, kFirst, {100, 499});
  const LaneIds ids = audit.finish(kOrder);
  EXPECT_TRUE(ids.ok());
  EXPECT_EQ(ids.total, 600u);
}

TEST(LaneAudit, ACounterThatFellNeedsAGapEvent) {
  LaneAudit audit;
  audit.add_record(kB, kFirst, {1000, 1099}, 0);
  audit.add_record(kB, kSecond, {0, 99}, 0);
  EXPECT_FALSE(audit.finish(kOrder).ok());
  audit.add_unknown_gap(kB, kFirst, 3.5);
  const LaneIds ids = audit.finish(kOrder);
  EXPECT_TRUE(ids.ok());
  EXPECT_DOUBLE_EQ(ids.unknown_s, 3.5);
}

}  // namespace
}  // namespace agent
