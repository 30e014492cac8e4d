// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/acl_plan.h"

#include <algorithm>

#include "proto/topics.h"

namespace agent {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string topic_arguments(const AclNeeds& needs, const std::vector<proto::Topic>& topics) {
  std::string text;
  for (const proto::Topic topic : topics) {
    text += " --topic " + quoted(proto::topic_name(needs.topic_prefix, topic));
  }
  return text;
}

std::string value_of(const KafkaSettings& settings, std::string_view name) {
  const auto at = std::ranges::find(settings, name, &KafkaSettings::value_type::first);
  return at == settings.end() ? std::string() : at->second;
}

}  // namespace

std::vector<std::string> acl_commands(const AclNeeds& needs) {
  std::vector<proto::Topic> written;
  for (const proto::TopicSpec& spec : proto::kTopics) {
    if (needs.exactly_once || spec.topic != proto::Topic::kProgress) written.push_back(spec.topic);
  }
  // A new spool asks the run topic which runs the lost one had open.
  std::vector<proto::Topic> read = {proto::Topic::kRun};
  if (needs.exactly_once) read.push_back(proto::Topic::kProgress);
  const std::string begin = "kafka-acls.sh --bootstrap-server " + quoted(needs.servers) +
                            " --add --allow-principal " + quoted(needs.principal) + " --operation ";
  std::vector<std::string> commands = {begin + "Write" + topic_arguments(needs, written),
                                       begin + "Read" + topic_arguments(needs, read)};
  if (needs.exactly_once) {
    commands.push_back(begin + "Write --transactional-id " + quoted(needs.agent_id));
  } else {
    // It is looked at with the others, and not used.
    commands.push_back(begin + "Describe" + topic_arguments(needs, {proto::Topic::kProgress}));
  }
  return commands;
}

std::string principal_of(const KafkaSettings& checked) {
  const std::string protocol = value_of(checked, "security.protocol");
  if (protocol.starts_with("sasl")) return "User:" + value_of(checked, "sasl.username");
  const bool has_certificate = !value_of(checked, "ssl.certificate.location").empty();
  return protocol == "ssl" && has_certificate ? "" : "User:ANONYMOUS";
}

std::string servers_of(const KafkaSettings& checked) {
  return value_of(checked, "bootstrap.servers");
}

}  // namespace agent
