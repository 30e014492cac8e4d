// SPDX-License-Identifier: Apache-2.0
// --brokers and --prefix, for verbs that speak to Kafka themselves.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "agent/cli/cli_context.h"
#include "agent/kafka/settings.h"

namespace CLI {
class App;
}

namespace agent {

struct BrokerArguments {
  std::string brokers;  // empty: the configuration's
  std::string prefix;
};
void add_broker_options(CLI::App& verb, BrokerArguments& arguments);

struct BrokerAccess {
  KafkaSettings kafka;  // checked
  std::string topic_prefix;
  std::string agent_id;
  bool exactly_once = true;
};
// The configuration's, with what the arguments override. The error was reported; it is the exit
// code: 2 when no broker is named anywhere, else 1.
tl::expected<BrokerAccess, int> broker_access(const CliContext& cli,
                                              const BrokerArguments& arguments);

}  // namespace agent
