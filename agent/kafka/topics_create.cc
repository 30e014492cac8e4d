// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/topics_create.h"

#include <algorithm>
#include <ostream>
#include <set>
#include <thread>
#include <vector>

#include "agent/kafka/advice.h"
#include "agent/kafka/kafka_errc.h"
#include "agent/kafka/topic_admin.h"

namespace agent {
namespace {

std::vector<std::string> topic_names(const std::string& prefix) {
  std::vector<std::string> names;
  names.reserve(proto::kTopics.size());
  for (const proto::TopicSpec& spec : proto::kTopics) {
    names.push_back(proto::topic_name(prefix, spec.topic));
  }
  return names;
}

void say_error(const proto::Error& error, const KafkaSettings& kafka, std::ostream& err) {
  const std::string message = error.message();
  err << "wattspool topics: " << message;
  const bool of_broker = error.code.category() == broker_category();
  const std::string remedy =
      of_broker ? kafka_advice(error.code.value(), message, kafka) : std::string();
  if (!remedy.empty()) err << "; " << remedy;
  err << "\n";
}

// The topics that exist already; none where we may not look.
std::set<std::string> existing_topics(TopicAdmin& admin, const std::vector<std::string>& names,
                                      std::chrono::milliseconds timeout) {
  std::set<std::string> existing;
  const auto states = admin.describe(names, timeout);
  if (!states) return existing;
  for (const TopicState& state : *states) {
    if (state.exists) existing.insert(state.name);
  }
  return existing;
}

// The broker answers before it shows a new topic to others; an agent that is started next would
// call it missing.
proto::Result<std::vector<TopicState>> visible_topics(TopicAdmin& admin,
                                                      const std::vector<std::string>& names,
                                                      std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    auto states = admin.describe(names, timeout);
    const bool all = states && std::ranges::all_of(*states, &TopicState::exists);
    if (all || std::chrono::steady_clock::now() >= deadline) return states;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Creates what is missing, even where it may not look; true when all are there.
bool create_missing(TopicAdmin& admin, const TopicsOptions& options, std::int32_t brokers,
                    std::ostream& out, std::ostream& err) {
  bool all = true;
  const auto existing = existing_topics(admin, topic_names(options.topic_prefix), options.timeout);
  for (const proto::TopicSpec& spec : proto::kTopics) {
    const TopicPlan plan = plan_topic(spec, options.topic_prefix, options.sizing, brokers);
    proto::Result<CreateOutcome> outcome = CreateOutcome::kExists;
    if (!existing.contains(plan.name)) outcome = admin.create(plan, options.timeout);
    if (!outcome) {
      say_error(outcome.error(), options.kafka, err);
      all = false;
    } else if (*outcome == CreateOutcome::kCreated) {
      out << "created " << plan.name << " partitions=" << plan.partitions
          << " replication=" << plan.replication << "\n";
    } else {
      out << "exists  " << plan.name << "\n";
    }
  }
  return all;
}

}  // namespace

int run_topics_create(const TopicsOptions& options, std::ostream& out, std::ostream& err) {
  auto admin = TopicAdmin::open(options.kafka, "wattspool-topics");
  if (!admin) {
    say_error(admin.error(), options.kafka, err);
    return 1;
  }
  const auto brokers = (*admin)->broker_count(options.timeout);
  if (!brokers) {
    say_error(brokers.error(), options.kafka, err);
    return 1;
  }
  if (!create_missing(**admin, options, *brokers, out, err)) return 1;
  const auto states = visible_topics(**admin, topic_names(options.topic_prefix), options.timeout);
  if (!states) {
    say_error(states.error(), options.kafka, err);
    return 0;
  }
  for (std::size_t i = 0; i < states->size(); ++i) {  // in the order of the names
    for (const std::string& warning : topic_warnings(proto::kTopics[i], (*states)[i])) {
      err << "wattspool topics: warning: " << warning << "\n";
    }
  }
  return 0;
}

}  // namespace agent
