// SPDX-License-Identifier: Apache-2.0
// Against the mock cluster: every record is reported once, in order and as it was; a broker that
// goes away or answers with a retriable error costs nothing.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "agent/kafka/consumer.h"
#include "agent/kafka/rd_producer.h"
#include "tests/agent/kafka/mock_cluster.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(30);

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class ProducerReports : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.create_topic("t", 3);
    auto producer = make_rd_producer({cluster_.settings(), "agent-1", false, {}});
    ASSERT_TRUE(producer) << producer.error().message();
    producer_ = std::move(*producer);
  }

  void produce(const std::string& key, std::uint64_t tag) {
    values_.push_back("value " + std::to_string(tag));
    OutgoingRecord record;
    record.topic = "t";
    record.key = key;
    record.value = bytes_of(values_.back());
    record.timestamp_ms = 1'700'000'000'000 + static_cast<std::int64_t>(tag);
    record.headers = {{"ce_id", std::to_string(tag)}};
    record.tag = tag;
    ASSERT_TRUE(producer_->produce(record).ok());
  }

  std::vector<DeliveryReport> reports(std::size_t count) {
    std::vector<DeliveryReport> all;
    const auto deadline = Clock::now() + kPatience;
    while (all.size() < count && Clock::now() < deadline) {
      for (auto& report : producer_->poll(milliseconds(20))) all.push_back(std::move(report));
    }
    return all;
  }

  MockCluster cluster_;
  std::deque<std::string> values_;
  std::unique_ptr<Producer> producer_;
};

TEST_F(ProducerReports, EachRecordOnceAndReadBackAsItWas) {
  for (std::uint64_t tag = 1; tag <= 300; ++tag) produce("k" + std::to_string(tag % 7), tag);
  const auto all = reports(300);
  ASSERT_EQ(all.size(), 300U);
  for (const auto& report : all) {
    EXPECT_EQ(report.error, 0);
    EXPECT_EQ(report.persistence, Persistence::kPersisted);
  }
  auto consumer = Consumer::open(cluster_.settings(), {});
  ASSERT_TRUE(consumer);
  ASSERT_EQ((*consumer)->start_all("t", milliseconds(5000)).value_or(0), 3);
  std::map<std::string, std::uint64_t> last;
  std::size_t read = 0;
  const auto deadline = Clock::now() + kPatience;
  while (!(*consumer)->reached_ends() && Clock::now() < deadline) {
    ASSERT_TRUE((*consumer)->poll(milliseconds(50), 100, [&](const KafkaRecord& record) {
      const std::uint64_t tag = std::stoull(record.headers.at(0).second);
      const std::string value(reinterpret_cast<const char*>(record.value.data()),
                              record.value.size());
      EXPECT_EQ(value, "value " + std::to_string(tag));
      EXPECT_EQ(record.timestamp_ms, 1'700'000'000'000 + static_cast<std::int64_t>(tag));
      EXPECT_LT(last[std::string(record.key)], tag) << "order within a key";
      last[std::string(record.key)] = tag;
      ++read;
    }));
  }
  EXPECT_EQ(read, 300U);
  EXPECT_EQ((*consumer)->read_share(), 1.0);
}

// A new leader may show less than the one before, for a while.
TEST_F(ProducerReports, AnEndThatIsKnownIsWaitedFor) {
  produce("k", 1);
  ASSERT_EQ(reports(1).size(), 1U);
  auto consumer = Consumer::open(cluster_.settings(), {});
  ASSERT_TRUE(consumer);
  std::int32_t used = 0;
  while (used < 2 && (*consumer)->range("t", used, milliseconds(5000)).value().high == 0) ++used;
  ASSERT_TRUE((*consumer)->start("t", used, kFromBeginning, 2));
  std::size_t read = 0;
  const auto poll_until_ends = [&](milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    while (!(*consumer)->reached_ends() && Clock::now() < deadline) {
      ASSERT_TRUE((*consumer)->poll(milliseconds(50), 100, [&](const KafkaRecord&) { ++read; }));
    }
  };
  poll_until_ends(milliseconds(1000));
  EXPECT_EQ(read, 1U);
  EXPECT_FALSE((*consumer)->reached_ends());
  EXPECT_EQ((*consumer)->unread(), "t/" + std::to_string(used) + " is read to 1 of 2");
  produce("k", 2);
  ASSERT_EQ(reports(1).size(), 1U);
  poll_until_ends(kPatience);
  EXPECT_EQ(read, 2U);
  EXPECT_TRUE((*consumer)->reached_ends());
  EXPECT_EQ((*consumer)->unread(), "");
}

TEST_F(ProducerReports, ABrokerThatComesBackTakesThemAll) {
  produce("k", 1);
  ASSERT_EQ(reports(1).size(), 1U);
  cluster_.down();
  for (std::uint64_t tag = 2; tag <= 20; ++tag) produce("k", tag);
  const auto deadline = Clock::now() + kPatience;
  while (producer_->connection_error().empty() && Clock::now() < deadline) {
    EXPECT_TRUE(producer_->poll(milliseconds(20)).empty());
  }
  EXPECT_FALSE(producer_->connection_error().empty());
  cluster_.up();
  const auto all = reports(19);
  ASSERT_EQ(all.size(), 19U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].error, 0) << all[i].error_text;
    EXPECT_EQ(all[i].tag, i + 2);
  }
  EXPECT_EQ(producer_->connection_error(), "");
}

TEST_F(ProducerReports, TooFewReplicasIsTriedAgain) {
  cluster_.fail_produce(
      {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND});
  for (std::uint64_t tag = 1; tag <= 5; ++tag) produce("k", tag);
  const auto all = reports(5);
  ASSERT_EQ(all.size(), 5U);
  for (const auto& report : all) EXPECT_EQ(report.error, 0) << report.error_text;
}

TEST_F(ProducerReports, APurgedRecordIsReportedAsNotDelivered) {
  cluster_.down();
  produce("k", 1);
  producer_->purge();
  const auto all = reports(1);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].error == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
              all[0].error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT);
}

TEST_F(ProducerReports, TheCountOfPartitionsIsSeen) {
  auto consumer = Consumer::open(cluster_.settings(), {});
  ASSERT_TRUE(consumer);
  EXPECT_EQ((*consumer)->partition_count("t", milliseconds(5000)).value_or(-1), 3);
}

// murmur2 of "js220-001234/t-0001" as Java's DefaultPartitioner has it: computed with the
// reference algorithm, seed 0x9747b28c.
std::uint32_t murmur2(const std::string& key) {
  constexpr std::uint32_t kMix = 0x5bd1e995;
  std::uint32_t hash = 0x9747b28c ^ static_cast<std::uint32_t>(key.size());
  std::size_t at = 0;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(key[i]));
  };
  for (; at + 4 <= key.size(); at += 4) {
    std::uint32_t word = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
    word *= kMix;
    word ^= word >> 24;
    word *= kMix;
    hash = hash * kMix ^ word;
  }
  const std::size_t left = key.size() - at;
  if (left == 3) hash ^= byte(at + 2) << 16;
  if (left >= 2) hash ^= byte(at + 1) << 8;
  if (left >= 1) hash = (hash ^ byte(at)) * kMix;
  hash ^= hash >> 13;
  hash *= kMix;
  return hash ^ hash >> 15;
}

TEST_F(ProducerReports, TheCountOfTheRunDecidesThePartition) {
  const std::string key = "js220-001234/t-0001";
  for (const std::int32_t count : {1, 2, 3}) {
    values_.push_back("x");
    OutgoingRecord record;
    record.topic = "t";
    record.key = key;
    record.value = bytes_of(values_.back());
    record.partition_count = count;
    record.tag = static_cast<std::uint64_t>(count);
    record.headers = {{"count", std::to_string(count)}};
    ASSERT_TRUE(producer_->produce(record).ok());
  }
  ASSERT_EQ(reports(3).size(), 3U);
  auto consumer = Consumer::open(cluster_.settings(), {});
  ASSERT_TRUE((*consumer)->start_all("t", milliseconds(5000)));
  int read = 0;
  const auto deadline = Clock::now() + kPatience;
  while (read < 3 && Clock::now() < deadline) {
    ASSERT_TRUE((*consumer)->poll(milliseconds(50), 100, [&](const KafkaRecord& record) {
      const auto count = static_cast<std::uint32_t>(std::stoul(record.headers.at(0).second));
      EXPECT_EQ(record.partition, static_cast<std::int32_t>((murmur2(key) & 0x7fffffff) % count));
      ++read;
    }));
  }
  EXPECT_EQ(read, 3);
}

}  // namespace
}  // namespace agent
