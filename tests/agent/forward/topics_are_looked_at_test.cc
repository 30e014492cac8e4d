// SPDX-License-Identifier: Apache-2.0
// Against a real broker: what is missing and what is wrong with our topics is said with the remedy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/forward/topic_check.h"
#include "agent/kafka/topic_plan.h"
#include "tests/agent/kafka/real_broker.h"

namespace agent {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::chrono::milliseconds kPatience{RealBroker::kPatienceMs};

TEST(TopicsAreLookedAt, WhatIsMissingAndWhatIsShortIsSaid) {
  RealBroker broker;
  const std::string prefix = RealBroker::unique("check") + ".";
  TopicSizing sizing;
  sizing.partitions = 2;
  for (const proto::TopicSpec& spec : proto::kTopics) {
    if (spec.topic == proto::Topic::kWaveform) continue;
    TopicPlan plan = plan_topic(spec, prefix, sizing, 1);
    if (spec.topic == proto::Topic::kTelemetry) plan.config["retention.ms"] = "3600000";
    broker.create_topic(plan.name, spec.topic == proto::Topic::kEvent ? 5 : plan.partitions,
                        plan.config);
  }
  const auto check = check_topics(broker.settings(), "bench-07", prefix, kPatience);
  ASSERT_TRUE(check) << check.error().message();
  const std::string waveform = prefix + "waveform.v1";
  EXPECT_THAT(check->missing, ElementsAre(waveform));
  EXPECT_THAT(check->warnings, SizeIs(2));
  EXPECT_THAT(check->warnings,
              Contains(AllOf(HasSubstr(waveform), HasSubstr("wattspool topics create"))));
  EXPECT_THAT(check->warnings,
              Contains(AllOf(HasSubstr("telemetry.v1"), HasSubstr("retention.ms is 3600000"))));
  EXPECT_THAT(check->partitions, SizeIs(6));
  EXPECT_EQ(check->partitions.at(prefix + "event.v1"), 5);
  EXPECT_EQ(check->partitions.at(prefix + "run.v1"), 2);
}

}  // namespace
}  // namespace agent
