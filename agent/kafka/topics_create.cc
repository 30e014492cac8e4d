// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/topics_create.h"

#include <ostream>
#include <vector>

#include "agent/kafka/error_table.h"
#include "agent/kafka/kafka_errc.h"
#include "agent/kafka/topic_admin.h"

namespace agent {
namespace {

void say_error(const proto::Error& error, std::ostream& err) {
  err << "wattspool topics: " << error.message();
  const bool of_broker = error.code.category() == broker_category();
  const std::string_view remedy = of_broker ? kafka_error(error.code.value()).remedy : "";
  if (!remedy.empty()) err << "; " << remedy;
  err << "\n";
}

}  // namespace

int run_topics_create(const TopicsOptions& options, std::ostream& out, std::ostream& err) {
  auto admin = TopicAdmin::open(options.kafka, "wattspool-topics");
  if (!admin) {
    say_error(admin.error(), err);
    return 1;
  }
  const auto brokers = (*admin)->broker_count(options.timeout);
  if (!brokers) {
    say_error(brokers.error(), err);
    return 1;
  }
  int exit_code = 0;
  std::vector<std::string> existing;
  for (const proto::TopicSpec& spec : proto::kTopics) {
    const TopicPlan plan = plan_topic(spec, options.topic_prefix, options.sizing, *brokers);
    const auto outcome = (*admin)->create(plan, options.timeout);
    if (!outcome) {
      say_error(outcome.error(), err);
      exit_code = 1;
    } else if (*outcome == CreateOutcome::kCreated) {
      out << "created " << plan.name << " partitions=" << plan.partitions
          << " replication=" << plan.replication << "\n";
    } else {
      out << "exists  " << plan.name << "\n";
      existing.push_back(plan.name);
    }
  }
  const auto states = (*admin)->describe(existing, options.timeout);
  if (!states) return exit_code;
  for (const TopicState& state : *states) {
    for (const proto::TopicSpec& spec : proto::kTopics) {
      if (options.topic_prefix + std::string(spec.suffix) != state.name) continue;
      for (const std::string& warning : topic_warnings(spec, state)) {
        err << "wattspool topics: warning: " << warning << "\n";
      }
    }
  }
  return exit_code;
}

}  // namespace agent
