// SPDX-License-Identifier: Apache-2.0
// Against a real broker: `wattspool topics create` makes all topics with the documented numbers, a
// second run changes nothing, and what is wrong with existing ones is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "agent/kafka/topic_admin.h"
#include "agent/kafka/topics_create.h"
#include "tests/agent/kafka/real_broker.h"

namespace agent {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TopicsCreate : public testing::Test {
 protected:
  void SetUp() override {
    options_.kafka = broker_.settings();
    options_.topic_prefix = RealBroker::unique("create") + ".";
    options_.timeout = std::chrono::milliseconds(RealBroker::kPatienceMs);
  }
  int run() {
    out_.str("");
    err_.str("");
    return run_topics_create(options_, out_, err_);
  }
  std::vector<TopicState> states() {
    auto admin = TopicAdmin::open(broker_.settings(), "test");
    std::vector<std::string> names;
    for (const auto& spec : proto::kTopics) {
      names.push_back(proto::topic_name(options_.topic_prefix, spec.topic));
    }
    return (*admin)->describe(names, options_.timeout).value();
  }

  RealBroker broker_;
  TopicsOptions options_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(TopicsCreate, MakesAllSevenWithTheirNumbers) {
  options_.sizing.partitions = 3;
  EXPECT_EQ(run(), 0) << err_.str();
  EXPECT_EQ(err_.str(), "");
  const auto made = states();
  ASSERT_EQ(made.size(), 7U);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const TopicState& state = made[i];
    EXPECT_TRUE(state.exists) << state.name;
    EXPECT_THAT(out_.str(), HasSubstr("created " + state.name + " partitions=3 replication=1"));
    EXPECT_EQ(state.partitions, 3) << state.name;
    EXPECT_EQ(state.replication, 1) << state.name;
    // Each number of the plan is the broker's now.
    for (const auto& [key, value] :
         plan_topic(proto::kTopics[i], options_.topic_prefix, options_.sizing, 1).config) {
      EXPECT_EQ(state.config.at(key), value) << state.name << " " << key;
    }
    EXPECT_EQ(state.config.at(kTimestampAfterMax), "9223372036854775807");
  }
}

TEST_F(TopicsCreate, ASecondTimeChangesNothing) {
  ASSERT_EQ(run(), 0) << err_.str();
  const auto before = states();
  options_.sizing.partitions = 9;
  options_.sizing.retention_ms = 1;
  EXPECT_EQ(run(), 0) << err_.str();
  EXPECT_EQ(err_.str(), "");
  EXPECT_THAT(out_.str(), Not(HasSubstr("created")));
  const auto after = states();
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_THAT(out_.str(), HasSubstr("exists  " + before[i].name));
    EXPECT_EQ(after[i].partitions, before[i].partitions);
    EXPECT_EQ(after[i].config, before[i].config);
  }
}

TEST_F(TopicsCreate, NamesWhatIsWrongWithAnExistingOne) {
  const std::string telemetry = options_.topic_prefix + "telemetry.v1";
  broker_.create_topic(telemetry, 2, {{"retention.ms", "3600000"}, {"max.message.bytes", "5000"}});
  EXPECT_EQ(run(), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("exists  " + telemetry));
  EXPECT_THAT(err_.str(),
              AllOf(HasSubstr(telemetry + ": retention.ms is 3600000"),
                    HasSubstr(telemetry + ": max.message.bytes is 5000"), HasSubstr("set it to")));
  EXPECT_THAT(out_.str(), HasSubstr("created " + options_.topic_prefix + "event.v1"));
  EXPECT_EQ(states()[0].config.at("retention.ms"), "3600000") << "what exists is left alone";
}

TEST_F(TopicsCreate, SaysWhichOneTheBrokerRefusesAndGoesOn) {
  options_.sizing.replication = 5;
  EXPECT_EQ(run(), 1);
  for (const auto& spec : proto::kTopics) {
    EXPECT_THAT(err_.str(),
                HasSubstr("create topic " + options_.topic_prefix + std::string(spec.suffix)));
  }
  EXPECT_THAT(err_.str(), HasSubstr("--replication"));
}

}  // namespace
}  // namespace agent
