// SPDX-License-Identifier: Apache-2.0
// Against a real broker: the runs of our devices that the topic still calls running.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <span>

#include "agent/forward/open_runs.h"
#include "agent/kafka/rd_producer.h"
#include "tests/agent/kafka/real_broker.h"

namespace agent {
namespace {

constexpr std::chrono::milliseconds kPatience{RealBroker::kPatienceMs};

class LostRunsAreFound : public testing::Test {
 protected:
  void SetUp() override {
    query_.kafka = broker_.settings();
    query_.client_id = "bench-07";
    query_.topic = RealBroker::unique("run");
    query_.device_ids = {"js220-000001", "js220-000002"};
    query_.timeout = kPatience;
  }
  void write(const std::string& device_id, const std::string& test_id, const char* state) {
    proto::RunRecord record;
    record.device_id = device_id;
    record.test_id = test_id;
    record.state = state;
    record.current_sign = "measured";
    texts_.push_back(device_id + "/" + test_id);
    OutgoingRecord out;
    out.topic = query_.topic;
    out.key = texts_.back();
    texts_.push_back(to_json(record));
    out.value = std::as_bytes(std::span(texts_.back()));
    out.timestamp_ms = 1'700'000'000'000;
    ASSERT_TRUE(producer_->produce(out).ok());
  }

  RealBroker broker_;
  OpenRunsQuery query_;
  std::deque<std::string> texts_;
  std::unique_ptr<Producer> producer_;
};

TEST_F(LostRunsAreFound, NoneWhereTheTopicIsAbsent) {
  const auto runs = find_open_runs(query_);
  ASSERT_TRUE(runs) << runs.error().message();
  EXPECT_TRUE(runs->empty());
}

TEST_F(LostRunsAreFound, OfOurDevicesInAllPartitions) {
  broker_.create_topic(query_.topic, 6, {{"cleanup.policy", "compact"}});
  producer_ = std::move(*make_rd_producer({broker_.settings(), "bench-07", false, {}}));
  for (const char* state : {"running", "stopped"}) {
    for (int test = 0; test < 20; ++test) {
      write("js220-000001", "t-" + std::to_string(100 + test), state);
    }
  }
  write("js220-000001", "t-1", "running");
  write("js220-000002", "t-2", "running");
  write("js220-000003", "t-3", "running");
  ASSERT_TRUE(producer_->flush(kPatience).ok());
  const auto runs = find_open_runs(query_);
  ASSERT_TRUE(runs) << runs.error().message();
  ASSERT_EQ(runs->size(), 2U);
  EXPECT_EQ(runs->at(0).test_id, "t-1");
  EXPECT_EQ(runs->at(1).test_id, "t-2");
}

}  // namespace
}  // namespace agent
