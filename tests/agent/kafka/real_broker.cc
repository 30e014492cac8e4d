// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/kafka/real_broker.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "agent/kafka/consumer.h"
#include "agent/kafka/topic_admin.h"
#include "proto/ids.h"

namespace agent {
namespace {

using std::chrono::milliseconds;

// One administrative request; the caller frees what it made.
void ask(const KafkaSettings& settings,
         const std::function<void(rd_kafka_t*, rd_kafka_queue_t*)>& request) {
  char text[512] = "";
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text);
  }
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
  ASSERT_NE(client, nullptr) << text;
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  request(client, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, RealBroker::kPatienceMs);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR)
      << rd_kafka_event_error_string(event);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy(client);
}

}  // namespace

RealBroker::RealBroker() {
  const char* folder = std::getenv("WATTSPOOL_KAFKA");
  std::string servers;
  if (folder != nullptr) {
    std::ifstream(std::string(folder) + "/bootstrap") >> servers;
    std::ifstream(std::string(folder) + "/bootstrap-sasl") >> sasl_servers_;
  }
  EXPECT_FALSE(servers.empty()) << "run it by ctest, or see tests/kafka/README.md";
  settings_ = {{"bootstrap.servers", servers}};
}

std::string RealBroker::unique(const std::string& base) {
  return base + "." + proto::StreamId::random().to_hex().substr(0, 8);
}

void RealBroker::create_topic(const std::string& name, int partitions,
                              const std::map<std::string, std::string>& config) {
  auto admin = TopicAdmin::open(settings_, "test");
  ASSERT_TRUE(admin) << admin.error().message();
  const auto created = (*admin)->create({name, partitions, 1, config}, milliseconds(kPatienceMs));
  ASSERT_TRUE(created) << created.error().message();
  ASSERT_EQ(*created, CreateOutcome::kCreated);
  wait_for_partitions(name, partitions);
}

void RealBroker::delete_topic(const std::string& name) {
  rd_kafka_DeleteTopic_t* topics[] = {rd_kafka_DeleteTopic_new(name.c_str())};
  ask(settings_, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    rd_kafka_DeleteTopics(client, topics, 1, nullptr, queue);
  });
  rd_kafka_DeleteTopic_destroy(topics[0]);
  wait_for_partitions(name, 0);
}

void RealBroker::add_partitions(const std::string& name, int total) {
  char text[256];
  rd_kafka_NewPartitions_t* more[] = {
      rd_kafka_NewPartitions_new(name.c_str(), static_cast<std::size_t>(total), text, sizeof text)};
  ask(settings_, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    rd_kafka_CreatePartitions(client, more, 1, nullptr, queue);
  });
  rd_kafka_NewPartitions_destroy(more[0]);
  wait_for_partitions(name, total);
}

void RealBroker::delete_records(const std::string& name, int partition, std::int64_t before) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, name.c_str(), partition)->offset = before;
  rd_kafka_DeleteRecords_t* records[] = {rd_kafka_DeleteRecords_new(list)};
  ask(settings_, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    rd_kafka_DeleteRecords(client, records, 1, nullptr, queue);
  });
  rd_kafka_DeleteRecords_destroy(records[0]);
  rd_kafka_topic_partition_list_destroy(list);
}

std::uint64_t RealBroker::record_count(const std::string& name, int partition) {
  auto consumer = Consumer::open(settings_, {.client_id = "test", .read_committed = false});
  EXPECT_TRUE(consumer && (*consumer)->start(name, partition, kFromBeginning));
  std::uint64_t records = 0;
  const auto deadline = std::chrono::steady_clock::now() + milliseconds(kPatienceMs);
  while (!(*consumer)->reached_ends() && std::chrono::steady_clock::now() < deadline) {
    EXPECT_TRUE((*consumer)->poll(milliseconds(50), 1000, [&](const KafkaRecord&) { ++records; }));
  }
  EXPECT_TRUE((*consumer)->reached_ends());
  return records;
}

void RealBroker::wait_for_partitions(const std::string& name, int partitions) {
  const auto deadline = std::chrono::steady_clock::now() + milliseconds(kPatienceMs);
  while (std::chrono::steady_clock::now() < deadline) {
    auto consumer = Consumer::open(settings_, {.client_id = "test"});
    ASSERT_TRUE(consumer) << consumer.error().message();
    const auto count = (*consumer)->partition_count(name, milliseconds(kPatienceMs));
    if (count && *count == partitions) return;
    std::this_thread::sleep_for(milliseconds(20));
  }
  FAIL() << name << " never had " << partitions << " partitions";
}

}  // namespace agent
