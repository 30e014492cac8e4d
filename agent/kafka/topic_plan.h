// SPDX-License-Identifier: Apache-2.0
// Pure: how our topics should be, and what is wrong with those that are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proto/topics.h"

namespace agent {

struct TopicSizing {
  std::int32_t partitions = 6;
  std::int32_t replication = 0;  // 0: 3, or the number of brokers when that is less
  // Overrides the retention of topics that have one.
  std::optional<std::int64_t> retention_ms;
};

struct TopicPlan {
  std::string name;
  std::int32_t partitions = 0;
  std::int32_t replication = 0;
  std::map<std::string, std::string> config;
};

// A bench clock may be ahead: with the default of an hour a broker refuses the whole transaction.
inline constexpr const char* kTimestampAfterMax = "message.timestamp.after.max.ms";

TopicPlan plan_topic(const proto::TopicSpec& spec, const std::string& prefix,
                     const TopicSizing& sizing, std::int32_t brokers);

struct TopicState {
  std::string name;
  bool exists = false;
  std::int32_t partitions = 0;
  std::int32_t replication = 0;
  std::map<std::string, std::string> config;  // empty: we may not ask
};

// Sentences with the remedy. Missing topics are not warnings; see TopicState::exists.
std::vector<std::string> topic_warnings(const proto::TopicSpec& spec, const TopicState& state);

}  // namespace agent
