// SPDX-License-Identifier: Apache-2.0
// Pure: the rights that an agent needs on a cluster with an authorizer, as commands for its
// administrator. Describe comes with Read and Write; the agent joins no group; idempotence needs no
// right of its own (brokers since 2.8).
#pragma once

#include <string>
#include <vector>

#include "agent/kafka/settings.h"

namespace agent {

struct AclNeeds {
  std::string principal;  // "User:bench-07"
  std::string servers;    // host:port, ...
  std::string topic_prefix;
  std::string agent_id;  // the transactional id
  bool exactly_once = true;
};

// kafka-acls.sh command lines, quoted for a shell: each right once, and none that is not needed.
std::vector<std::string> acl_commands(const AclNeeds& needs);

// Who the brokers take us for: the SASL user, or nobody. Empty: a certificate, whose name depends
// on the brokers' rules.
std::string principal_of(const KafkaSettings& checked);
std::string servers_of(const KafkaSettings& checked);

}  // namespace agent
