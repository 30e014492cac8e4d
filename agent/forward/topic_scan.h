// SPDX-License-Identifier: Apache-2.0
// Reads one topic, committed records only, from where the caller says to the ends that its
// partitions had at first contact.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "agent/kafka/consumer.h"
#include "agent/kafka/settings.h"
#include "proto/result.h"

namespace agent {

struct TopicScan {
  const KafkaSettings& kafka;  // checked
  std::string client_id;
  std::string topic;
  // Partition -> first offset to read; others from the beginning.
  std::map<std::int32_t, std::int64_t> from;
  std::chrono::milliseconds timeout{30'000};
  // Looked at about ten times a second; while a broker does not answer, once a second.
  std::function<bool()> cancelled;
};

struct ScannedTopic {
  bool exists = true;
  std::map<std::int32_t, std::int64_t> next_offsets;  // of each partition
};

// One connection of its own, closed again. Errors: KafkaErrc (kIncomplete: not in time, or
// cancelled) and broker_category().
proto::Result<ScannedTopic> scan_topic(const TopicScan& scan,
                                       const std::function<void(const KafkaRecord&)>& visit);

}  // namespace agent
