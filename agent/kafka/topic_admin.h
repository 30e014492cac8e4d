// SPDX-License-Identifier: Apache-2.0
// Looks at topics and creates them. Never relies on a broker's auto-creation, and never triggers
// it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/kafka/settings.h"
#include "agent/kafka/topic_plan.h"
#include "proto/result.h"

namespace agent {

enum class CreateOutcome { kCreated, kExists };

// One thread. Errors: broker_category().
class TopicAdmin {
 public:
  static proto::Result<std::unique_ptr<TopicAdmin>> open(const KafkaSettings& checked,
                                                         const std::string& client_id);
  ~TopicAdmin();
  TopicAdmin(const TopicAdmin&) = delete;
  TopicAdmin& operator=(const TopicAdmin&) = delete;

  proto::Result<std::int32_t> broker_count(std::chrono::milliseconds timeout);
  // The states are in the order of the names. Where the configuration may not be read, it is empty.
  // The timeout is for all of them together.
  proto::Result<std::vector<TopicState>> describe(const std::vector<std::string>& names,
                                                  std::chrono::milliseconds timeout);
  // A setting that an older broker does not know (message.timestamp.after.max.ms, before 3.6) is
  // left out in a second try; such a broker has no limit of the kind.
  proto::Result<CreateOutcome> create(TopicPlan plan, std::chrono::milliseconds timeout);

 private:
  struct Impl;
  explicit TopicAdmin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace agent
