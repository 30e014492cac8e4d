// SPDX-License-Identifier: Apache-2.0
// Looks at our topics before the first row is sent: do they exist, how many partitions, is the
// retention longer than what we promise.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/kafka/settings.h"
#include "proto/result.h"

namespace agent {

struct TopicCheck {
  std::vector<std::string> missing;   // full names
  std::vector<std::string> warnings;  // sentences with the remedy, missing ones included
  std::map<std::string, std::int32_t> partitions;  // of those that exist
};

// One connection of its own, closed again. Errors: broker_category().
proto::Result<TopicCheck> check_topics(const KafkaSettings& checked, const std::string& client_id,
                                       const std::string& topic_prefix,
                                       std::chrono::milliseconds timeout);

}  // namespace agent
