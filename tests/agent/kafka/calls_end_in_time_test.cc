// SPDX-License-Identifier: Apache-2.0
// Against a mock cluster that answers slowly or not at all: no call lasts much longer than it was
// told to, whatever it asks for, and a client that is given up goes away.
#include <gtest/gtest.h>

#include <chrono>
#include <span>

#include "agent/kafka/consumer.h"
#include "agent/kafka/rd_producer.h"
#include "agent/kafka/topic_admin.h"
#include "proto/topics.h"
#include "tests/agent/kafka/mock_cluster.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kTimeout{1000};
constexpr milliseconds kMore{1500};  // a loaded machine's

class CallsEndInTime : public testing::Test {
 protected:
  void SetUp() override { cluster_.create_topic("t", 1); }
  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin_);
  }
  MockCluster cluster_;
  Clock::time_point begin_;
};

TEST_F(CallsEndInTime, AlsoThoseThatAskForManyTopics) {
  std::vector<std::string> names;
  for (const auto& spec : proto::kTopics) {
    names.push_back(proto::topic_name("bench.", spec.topic));
    cluster_.create_topic(names.back(), 1);
  }
  cluster_.answer_after(300);  // seven answers take longer than the timeout, one does not
  auto admin = TopicAdmin::open(cluster_.settings(), "test");
  ASSERT_TRUE(admin);
  begin_ = Clock::now();
  EXPECT_FALSE((*admin)->describe(names, kTimeout));
  EXPECT_LT(elapsed(), kTimeout + kMore);
}

TEST_F(CallsEndInTime, AndAProducerWithRecordsOnTheirWayGoesAway) {
  for (const bool transactional : {false, true}) {
    cluster_.answer_after(0);
    auto producer = make_rd_producer({cluster_.settings(), "bench-07", transactional, {}});
    ASSERT_TRUE(producer);
    if (transactional) {
      ASSERT_TRUE((*producer)->init_transactions(milliseconds(20'000)).ok());
      ASSERT_TRUE((*producer)->begin_transaction().ok());
    }
    const std::string value(10'000, 'x');
    OutgoingRecord record;
    record.topic = "t";
    record.key = "k";
    record.value = std::as_bytes(std::span(value));
    ASSERT_TRUE((*producer)->produce(record).ok());
    ASSERT_TRUE((*producer)->flush(milliseconds(20'000)).ok());
    cluster_.answer_after(60'000);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE((*producer)->produce(record).ok());
    EXPECT_FALSE((*producer)->flush(milliseconds(100)).ok());
    begin_ = Clock::now();
    producer->reset();
    EXPECT_LT(elapsed(), milliseconds(1000) + kMore) << transactional;
  }
}

TEST_F(CallsEndInTime, AndAReaderGoesAway) {
  auto consumer = Consumer::open(cluster_.settings(), {});
  ASSERT_TRUE(consumer);
  ASSERT_TRUE((*consumer)->start_all("t", milliseconds(20'000)));
  ASSERT_TRUE((*consumer)->poll(milliseconds(200), 1, [](const KafkaRecord&) {}));
  cluster_.answer_after(60'000);
  begin_ = Clock::now();
  EXPECT_FALSE((*consumer)->partition_count("t", kTimeout));
  consumer->reset();
  EXPECT_LT(elapsed(), kTimeout + kMore);
}

// What the connection said is known as soon as a call failed for it, without another one.
TEST_F(CallsEndInTime, AndSayWhatTheConnectionSaid) {
  cluster_.down();
  auto producer = make_rd_producer({cluster_.settings(), "bench-07", true, {}});
  ASSERT_TRUE(producer);
  begin_ = Clock::now();
  const auto failed = (*producer)->init_transactions(kTimeout);
  EXPECT_FALSE(failed.ok());
  EXPECT_LT(elapsed(), kTimeout + kMore);
  EXPECT_NE((*producer)->connection_error(), "");
}

}  // namespace
}  // namespace agent
