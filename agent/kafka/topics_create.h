// SPDX-License-Identifier: Apache-2.0
// `wattspool topics create`: creates what is missing, says what is there and what is wrong with it.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>

#include "agent/kafka/settings.h"
#include "agent/kafka/topic_plan.h"

namespace agent {

struct TopicsOptions {
  KafkaSettings kafka;  // checked
  std::string topic_prefix = "bench.";
  TopicSizing sizing;
  std::chrono::milliseconds timeout{10'000};
};

// Idempotent. 0: all topics are there (warnings do not change that); 1: at least one is not.
int run_topics_create(const TopicsOptions& options, std::ostream& out, std::ostream& err);

}  // namespace agent
