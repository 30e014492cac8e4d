// SPDX-License-Identifier: Apache-2.0
// Our topics have the documented numbers, and what is wrong with existing ones is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/kafka/topic_plan.h"

namespace agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(TopicsArePlanned, AClockAheadCannotStopThem) {
  for (const proto::TopicSpec& spec : proto::kTopics) {
    const TopicPlan plan = plan_topic(spec, "bench.", {}, 3);
    EXPECT_EQ(plan.name, "bench." + std::string(spec.suffix));
    EXPECT_EQ(plan.config.at(kTimestampAfterMax), "9223372036854775807");
    EXPECT_EQ(plan.config.at("cleanup.policy"), spec.cleanup_policy);
    EXPECT_EQ(plan.partitions, 6);
  }
}

TEST(TopicsArePlanned, ReplicationFollowsTheCluster) {
  struct Case {
    std::int32_t asked, brokers, replication;
    const char* in_sync;
  };
  for (const Case& at : {Case{0, 1, 1, "1"}, Case{0, 2, 2, "1"}, Case{0, 9, 3, "2"},
                         Case{5, 9, 5, "2"}, Case{1, 9, 1, "1"}}) {
    TopicSizing sizing;
    sizing.replication = at.asked;
    const TopicPlan plan = plan_topic(proto::kTopics[0], "x.", sizing, at.brokers);
    EXPECT_EQ(plan.replication, at.replication);
    EXPECT_EQ(plan.config.at("min.insync.replicas"), at.in_sync);
  }
}

TEST(TopicsArePlanned, RetentionOnlyWhereTheTopicHasOne) {
  TopicSizing sizing;
  sizing.retention_ms = 1234;
  const auto& run = proto::spec(proto::Topic::kRun);
  EXPECT_FALSE(plan_topic(run, "", sizing, 1).config.contains("retention.ms"));
  const auto& event = proto::spec(proto::Topic::kEvent);
  EXPECT_EQ(plan_topic(event, "", sizing, 1).config.at("retention.ms"), "1234");
}

TopicState healthy(const proto::TopicSpec& spec) {
  const TopicPlan plan = plan_topic(spec, "bench.", {}, 3);
  return {plan.name, true, plan.partitions, plan.replication, plan.config};
}

TEST(TopicsArePlanned, OurOwnTopicsRaiseNoWarning) {
  for (const proto::TopicSpec& spec : proto::kTopics) {
    EXPECT_THAT(topic_warnings(spec, healthy(spec)), ElementsAre()) << spec.suffix;
  }
}

TEST(TopicsArePlanned, EachMistakeHasAWarningWithItsRemedy) {
  struct Case {
    proto::Topic topic;
    const char* key;
    const char* value;
    const char* says;
  };
  for (const Case& at :
       {Case{proto::Topic::kTelemetry, "retention.ms", "3600000", "deleted on arrival"},
        Case{proto::Topic::kTelemetry, "cleanup.policy", "compact", "compaction removes records"},
        Case{proto::Topic::kProgress, "cleanup.policy", "delete", "set it to compact"},
        Case{proto::Topic::kEvent, kTimestampAfterMax, "3600000", "clock is further ahead"},
        Case{proto::Topic::kWaveform, "max.message.bytes", "100000", "quarantine"}}) {
    const proto::TopicSpec& spec = proto::spec(at.topic);
    TopicState state = healthy(spec);
    state.config[at.key] = at.value;
    EXPECT_THAT(topic_warnings(spec, state), ElementsAre(HasSubstr(at.says))) << at.key;
  }
}

TEST(TopicsArePlanned, WithoutTheRightToReadNothingIsClaimed) {
  TopicState state = healthy(proto::kTopics[0]);
  state.config.clear();
  EXPECT_THAT(topic_warnings(proto::kTopics[0], state), ElementsAre());
}

}  // namespace
}  // namespace agent
