// SPDX-License-Identifier: Apache-2.0
// The forwarder's thread with a real spool against a real broker: what a reader with read_committed
// sees, through abrupt ends, a dead producer's open transaction and a second agent with our id.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <thread>

#include "agent/forward/forwarder.h"
#include "agent/kafka/consumer.h"
#include "agent/kafka/rd_producer.h"
#include "proto/record_group.h"
#include "proto/topics.h"
#include "tests/agent/kafka/real_broker.h"

namespace agent {
namespace {

using proto::Lane;
using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kPatience{RealBroker::kPatienceMs};
constexpr std::array kLanes = {Lane::kEvent, Lane::kTelemetry, Lane::kWaveform};

bool wait_for(const std::function<bool()>& done) {
  const auto deadline = SteadyClock::now() + kPatience;
  while (!done()) {
    if (SteadyClock::now() >= deadline) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

proto::Topic topic_of(Lane lane) {
  if (lane == Lane::kTelemetry) return proto::Topic::kTelemetry;
  return lane == Lane::kWaveform ? proto::Topic::kWaveform : proto::Topic::kEvent;
}

// One agent's spool, writer and forwarder.
class RealAgent {
 public:
  RealAgent(const std::string& folder, const KafkaSettings& kafka, std::string agent_id,
            std::string prefix)
      : path_(folder + "/spool.db"), queue_(std::make_unique<SpoolQueue>(64u << 20)) {
    std::filesystem::create_directories(folder);
    options_.spool_path = path_;
    options_.agent_id = std::move(agent_id);
    options_.topic_prefix = std::move(prefix);
    options_.kafka = kafka;
    open();
  }
  ~RealAgent() { close(); }

  void open() {
    auto spool = buffer::Spool::open({.path = path_}, clock_);
    ASSERT_TRUE(spool) << spool.error().message();
    options_.stream = (*spool)->open_report().stream;
    queue_ = std::make_unique<SpoolQueue>(64u << 20);
    writer_ = std::make_unique<SpoolWriter>(std::move(*spool), *queue_, SpoolWriterOptions{});
    writer_->start();
    forwarder_ = std::make_unique<Forwarder>(options_, *writer_, clock_);
    forwarder_->start();
  }
  void close() {
    forwarder_.reset();  // without grace
    writer_.reset();
  }

  void append(Lane lane, int rows, std::size_t value_bytes = 200) {
    SpoolEntry entry;
    for (int i = 0; i < rows; ++i) {
      buffer::NewRow& row = entry.rows.emplace_back();
      const std::int64_t now_us = clock_.utc_ns() / 1000;
      row.facts.lane = lane;
      row.facts.topic = proto::topic_name(options_.topic_prefix, topic_of(lane));
      row.facts.key = "js220-000001/t-1";
      row.facts.t_first_us = row.facts.t_last_us = now_us;
      std::string value = std::to_string(++made_[lane]) + " ";
      value.resize(std::max(value.size(), value_bytes), 'x');
      if (lane == Lane::kWaveform) {
        const auto bytes = std::as_bytes(std::span(value));
        row.payload.assign(bytes.begin(), bytes.end());
      } else {
        const proto::GroupedRecord record{now_us, now_us, 0, value};
        row.payload = group_.encode(std::span(&record, 1));
      }
    }
    queue_->push(std::move(entry));
  }
  void set_latest(const std::string& value) {
    SpoolEntry entry;
    entry.latest.push_back({proto::topic_name(options_.topic_prefix, proto::Topic::kDevice),
                            "js220-000001", value, clock_.utc_ns() / 1000, 0});
    queue_->push(std::move(entry));
  }

  bool all_acked() const {
    const auto totals = writer_->status().totals;
    for (const auto& [lane, lane_totals] : totals.lanes) {
      if (lane_totals.unacked_rows > 0) return false;
    }
    return totals.latest_unacked == 0;
  }
  ForwarderStatus status() const { return forwarder_->status(); }
  Forwarder& forwarder() { return *forwarder_; }
  std::uint64_t made(Lane lane) { return made_[lane]; }
  std::uint64_t appended() const { return writer_->status().appended_rows_total; }

 private:
  proto::SystemClock clock_;
  std::string path_;
  ForwarderOptions options_;
  std::unique_ptr<SpoolQueue> queue_;
  std::unique_ptr<SpoolWriter> writer_;
  std::unique_ptr<Forwarder> forwarder_;
  proto::RecordGroupWriter group_;
  std::map<Lane, std::uint64_t> made_;
};

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
    return std::make_unique<RealAgent>(folder_ + name, broker_.settings(), agent_id_, prefix_);
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
