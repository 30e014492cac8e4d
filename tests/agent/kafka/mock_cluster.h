// SPDX-License-Identifier: Apache-2.0
// librdkafka's mock cluster for one test.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "agent/kafka/settings.h"

namespace agent {

class MockCluster {
 public:
  explicit MockCluster(int brokers = 1) : brokers_(brokers) {
    char text[256];
    owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
    cluster_ = rd_kafka_mock_cluster_new(owner_, brokers);
  }
  ~MockCluster() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(owner_);
  }
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  std::string bootstrap() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  KafkaSettings settings() const { return {{"bootstrap.servers", bootstrap()}}; }
  void create_topic(const std::string& name, int partitions) {
    rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, brokers_);
  }
  void down() {
    for (int i = 1; i <= brokers_; ++i) rd_kafka_mock_broker_set_down(cluster_, i);
  }
  void up() {
    for (int i = 1; i <= brokers_; ++i) rd_kafka_mock_broker_set_up(cluster_, i);
  }
  // Each answer comes that much later.
  void answer_after(int delay_ms) {
    for (int i = 1; i <= brokers_; ++i) rd_kafka_mock_broker_set_rtt(cluster_, i, delay_ms);
  }
  // The next Produce requests are answered with these.
  void fail_produce(std::initializer_list<rd_kafka_resp_err_t> errors) {
    const std::vector<rd_kafka_resp_err_t> list(errors);
    rd_kafka_mock_push_request_errors_array(cluster_, 0, list.size(), list.data());
  }
  // So are the next questions for the ends of partitions (ListOffsets).
  void fail_list_offsets(const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(cluster_, 2, errors.size(), errors.data());
  }

 private:
  const int brokers_;
  rd_kafka_t* owner_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

}  // namespace agent
