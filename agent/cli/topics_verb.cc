// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "agent/cli/broker_arguments.h"
#include "agent/cli/duration_argument.h"
#include "agent/cli/verb.h"
#include "agent/kafka/topics_create.h"

namespace agent {
namespace {

class TopicsVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand("topics", "The topics on the broker");
    verb->require_subcommand(1);
    CLI::App& create =
        *verb->add_subcommand("create", "Create the topics that are missing; change none");
    add_broker_options(create, brokers_);
    create.add_option("--partitions", options_.sizing.partitions, "Partitions of a new topic")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    create
        .add_option("--replication", options_.sizing.replication,
                    "Replicas; left out: 3, or the number of brokers when that is less")
        ->check(CLI::Range(1, 100));
    create.add_option("--retention", retention_, "How long records are kept (30d)")
        ->check(duration_problem)
        ->type_name("TIME");
    create.add_option("--timeout", timeout_, "How long to wait for a broker")
        ->check(duration_problem)
        ->capture_default_str()
        ->type_name("TIME");
    create.footer(
        "May be called again at any time. Exit code 1: at least one topic is not there.\n"
        "Examples:\n"
        "  wattspool topics create\n"
        "  wattspool topics create --brokers kafka1:9092 --partitions 12 --retention 30d");
    verb->footer("Examples:\n  wattspool topics create");
    return verb;
  }

  int run(const CliContext& cli) override {
    auto access = broker_access(cli, brokers_);
    if (!access) return access.error();
    options_.kafka = std::move(access->kafka);
    options_.topic_prefix = std::move(access->topic_prefix);
    options_.timeout = duration_of(timeout_);
    if (!retention_.empty()) options_.sizing.retention_ms = duration_of(retention_).count();
    return run_topics_create(options_, cli.out, cli.err);
  }

 private:
  BrokerArguments brokers_;
  TopicsOptions options_;
  std::string retention_;
  std::string timeout_ = "10s";
};

}  // namespace

std::unique_ptr<Verb> make_topics_verb() { return std::make_unique<TopicsVerb>(); }

}  // namespace agent
