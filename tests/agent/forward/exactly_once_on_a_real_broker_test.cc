// SPDX-License-Identifier: Apache-2.0
// The forwarder's thread with a real spool against a real broker: what a reader with read_committed
// sees, through abrupt ends, a dead producer's open transaction and a second agent with our id.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "agent/kafka/consumer.h"
#include "agent/kafka/rd_producer.h"
#include "tests/agent/forward/real_agent.h"
#include "tests/agent/kafka/real_broker.h"

namespace agent {
namespace {

using proto::Lane;

constexpr milliseconds kPatience{RealBroker::kPatienceMs};
constexpr std::array kLanes = {Lane::kEvent, Lane::kTelemetry, Lane::kWaveform};

class RealExactlyOnce : public testing::Test {
 protected:
  void SetUp() override {
    for (const proto::TopicSpec& spec : proto::kTopics) {
      broker_.create_topic(prefix_ + std::string(spec.suffix), 3,
                           {{"cleanup.policy", std::string(spec.cleanup_policy)}});
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<RealAgent> agent(const std::string& name) {
    ForwarderOptions options;
    options.agent_id = agent_id_;
    options.topic_prefix = prefix_;
    options.kafka = broker_.settings();
    return std::make_unique<RealAgent>(folder_ + name, options);
  }
  // Numbers in the values of the topic, in order, read_committed.
  std::vector<std::uint64_t> numbers(const std::string& suffix) {
    std::vector<std::uint64_t> all;
    auto consumer = Consumer::open(broker_.settings(), {});
    EXPECT_TRUE(consumer);
    EXPECT_GT((*consumer)->start_all(prefix_ + suffix, kPatience).value_or(0), 0);
    EXPECT_TRUE(wait_for([&] {
      EXPECT_TRUE((*consumer)->poll(milliseconds(50), 1000, [&](const KafkaRecord& record) {
        all.push_back(std::stoull(
            std::string(reinterpret_cast<const char*>(record.value.data()), record.value.size())));
      }));
      return (*consumer)->reached_ends();
    }));
    return all;
  }
  static std::vector<std::uint64_t> up_to(std::uint64_t last) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 1; i <= last; ++i) all.push_back(i);
    return all;
  }

  RealBroker broker_;
  const std::string agent_id_ = RealBroker::unique("bench");
  const std::string prefix_ = RealBroker::unique("fw") + ".";
  const std::string folder_ = testing::TempDir() + RealBroker::unique("forward");
};

TEST_F(RealExactlyOnce, AbruptEndsInTheMiddleOfADrainRepeatNothing) {
  auto one = agent("/a");
  std::mt19937 random(1);
  for (int life = 0; life < 4; ++life) {
    for (const Lane lane : kLanes) {
      for (int entry = 0; entry < 20; ++entry) {
        one->append(lane, 10, lane == Lane::kWaveform ? 30'000 : 300);
      }
    }
    one->set_latest(std::to_string(life + 1));
    ASSERT_TRUE(wait_for([&] { return one->appended() >= 600; }));
    const auto transactions = one->status().transactions_total + random() % 3;
    ASSERT_TRUE(wait_for([&] {
      return one->status().transactions_total >= transactions || one->all_acked();
    })) << one->status().last_error;
    if (life == 3) break;
    one->close();
    one->open();
  }
  ASSERT_TRUE(wait_for([&] { return one->all_acked(); })) << one->status().last_error;
  EXPECT_EQ(numbers("event.v1"), up_to(one->made(Lane::kEvent)));
  EXPECT_EQ(numbers("telemetry.v1"), up_to(one->made(Lane::kTelemetry)));
  EXPECT_EQ(numbers("waveform.v1"), up_to(one->made(Lane::kWaveform)));
  EXPECT_EQ(numbers("device.v1").back(), 4U);
}

TEST_F(RealExactlyOnce, WhatADeadAgentLeftOpenIsNeverRead) {
  {
    auto dead = make_rd_producer({broker_.settings(), agent_id_, true, {}});
    ASSERT_TRUE(dead);
    ASSERT_TRUE((*dead)->init_transactions(kPatience).ok());
    ASSERT_TRUE((*dead)->begin_transaction().ok());
    const std::string value = "4711";
    OutgoingRecord record;
    const std::string topic = prefix_ + "telemetry.v1";
    record.topic = topic;
    record.key = "js220-000001/t-1";
    record.value = std::as_bytes(std::span(value));
    record.timestamp_ms = 1'700'000'000'000;
    ASSERT_TRUE((*dead)->produce(record).ok());
    ASSERT_TRUE((*dead)->flush(kPatience).ok());
  }
  auto one = agent("/a");
  one->append(Lane::kTelemetry, 5);
  ASSERT_TRUE(wait_for([&] { return one->appended() == 5 && one->all_acked(); }));
  EXPECT_EQ(numbers("telemetry.v1"), up_to(5));
}

TEST_F(RealExactlyOnce, OfTwoAgentsWithOneIdTheNewerSendsAndTheOtherHolds) {
  auto one = agent("/a");
  one->append(Lane::kTelemetry, 5);
  ASSERT_TRUE(wait_for([&] { return one->appended() == 5 && one->all_acked(); }));
  auto two = agent("/b");
  two->append(Lane::kWaveform, 5);
  ASSERT_TRUE(wait_for([&] { return two->appended() == 5 && two->all_acked(); }));
  one->append(Lane::kTelemetry, 5);
  ASSERT_TRUE(wait_for([&] { return one->status().state == "held"; })) << one->status().last_error;
  EXPECT_THAT(one->status().explanation, testing::HasSubstr("another agent sends as"));
  EXPECT_THAT(one->status().explanation, testing::HasSubstr("agent.id of its own"));
  two->append(Lane::kWaveform, 5);
  ASSERT_TRUE(wait_for([&] { return two->appended() == 10 && two->all_acked(); }))
      << two->status().last_error;
  EXPECT_EQ(two->status().state, "delivering");
  EXPECT_EQ(numbers("telemetry.v1"), up_to(5)) << "what is held stays in the spool";
  EXPECT_EQ(numbers("waveform.v1"), up_to(10));
}

TEST_F(RealExactlyOnce, AMissingTopicIsHeldUntilItIsThere) {
  broker_.delete_topic(prefix_ + "waveform.v1");
  auto one = agent("/a");
  one->append(Lane::kTelemetry, 1);
  ASSERT_TRUE(wait_for([&] { return one->status().state == "held"; }));
  EXPECT_THAT(one->status().explanation, testing::HasSubstr("wattspool topics create"));
  EXPECT_THAT(one->status().explanation, testing::HasSubstr(prefix_ + "waveform.v1"));
  broker_.create_topic(prefix_ + "waveform.v1", 3);
  ASSERT_TRUE(wait_for([&] { return one->appended() == 1 && one->all_acked(); }));
}

TEST_F(RealExactlyOnce, ARecordThatTheTopicIsTooSmallForIsQuarantinedAlone) {
  broker_.delete_topic(prefix_ + "waveform.v1");
  broker_.create_topic(prefix_ + "waveform.v1", 3, {{"max.message.bytes", "50000"}});
  auto one = agent("/a");
  one->append(Lane::kWaveform, 2, 1000);
  one->append(Lane::kWaveform, 1, 200'000);
  one->append(Lane::kWaveform, 2, 1000);
  one->append(Lane::kTelemetry, 3);
  ASSERT_TRUE(wait_for([&] { return one->appended() == 8 && one->all_acked(); }))
      << one->status().last_error;
  const auto quarantined = one->status().quarantined;
  ASSERT_EQ(quarantined.size(), 1U);
  EXPECT_THAT(quarantined[0].ce_id, testing::HasSubstr("/waveform/3"));
  EXPECT_EQ(numbers("waveform.v1"), (std::vector<std::uint64_t>{1, 2, 4, 5}));
  one->close();
  one->open();
  ASSERT_TRUE(wait_for([&] { return one->status().state == "delivering"; }));
  EXPECT_EQ(one->status().quarantined.size(), 1U) << "listed after a restart as well";
}

}  // namespace
}  // namespace agent
