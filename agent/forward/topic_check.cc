// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/topic_check.h"

#include <utility>

#include "agent/kafka/topic_admin.h"

namespace agent {

proto::Result<TopicCheck> check_topics(const KafkaSettings& checked, const std::string& client_id,
                                       const std::string& topic_prefix,
                                       std::chrono::milliseconds timeout) {
  auto admin = TopicAdmin::open(checked, client_id);
  if (!admin) return tl::unexpected(admin.error());
  std::vector<std::string> names;
  names.reserve(proto::kTopics.size());
  for (const proto::TopicSpec& spec : proto::kTopics) {
    names.push_back(proto::topic_name(topic_prefix, spec.topic));
  }
  const auto states = (*admin)->describe(names, timeout);
  if (!states) return tl::unexpected(states.error());
  TopicCheck check;
  for (std::size_t i = 0; i < names.size(); ++i) {  // the states are in the order of the names
    const TopicState& state = (*states)[i];
    if (!state.exists) {
      check.missing.push_back(state.name);
      check.warnings.push_back(state.name +
                               ": the topic does not exist; run `wattspool topics create`");
      continue;
    }
    check.partitions[state.name] = state.partitions;
    for (std::string& warning : topic_warnings(proto::kTopics[i], state)) {
      check.warnings.push_back(std::move(warning));
    }
  }
  return check;
}

}  // namespace agent
