// SPDX-License-Identifier: Apache-2.0
// Producer over librdkafka: transactional, or idempotent only. Payloads are not copied.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/kafka/producer.h"
#include "agent/kafka/settings.h"
#include "proto/result.h"

namespace agent {

struct RdProducerOptions {
  KafkaSettings settings;                        // from check_kafka_settings()
  std::string agent_id;                          // client.id and transactional.id
  bool transactional = true;                     // false: idempotent only
  std::vector<std::string> uncompressed_topics;  // their values are compressed already
};

// Connects in the background; an absent broker is no error.
proto::Result<std::unique_ptr<Producer>> make_rd_producer(const RdProducerOptions& options);

}  // namespace agent
