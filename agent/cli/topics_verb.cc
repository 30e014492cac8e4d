// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "agent/cli/broker_arguments.h"
#include "agent/cli/duration_argument.h"
#include "agent/cli/verb.h"
#include "agent/kafka/acl_plan.h"
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
    create.add_flag("--print-acls", print_acls_,
                    "Print what an administrator must grant the agent; create nothing");
    create
        .add_option("--principal", principal_,
                    "Who the brokers take the agent for; left out: the SASL user")
        ->needs("--print-acls")
        ->type_name("User:NAME");
    create.footer(
        "May be called again at any time. Exit code 1: at least one topic is not there.\n"
        "Examples:\n"
        "  wattspool topics create\n"
        "  wattspool topics create --brokers kafka1:9092 --partitions 12 --retention 30d\n"
        "  wattspool topics create --print-acls --principal User:CN=bench-07");
    verb->footer("Examples:\n  wattspool topics create");
    return verb;
  }

  int run(const CliContext& cli) override {
    auto access = broker_access(cli, brokers_);
    if (!access) return access.error();
    if (print_acls_) return print_acls(cli, *access);
    options_.kafka = std::move(access->kafka);
    options_.topic_prefix = std::move(access->topic_prefix);
    options_.timeout = duration_of(timeout_);
    if (!retention_.empty()) options_.sizing.retention_ms = duration_of(retention_).count();
    return run_topics_create(options_, cli.out, cli.err);
  }

 private:
  int print_acls(const CliContext& cli, const BrokerAccess& access) const {
    AclNeeds needs;
    needs.principal = principal_.empty() ? principal_of(access.kafka) : principal_;
    needs.servers = servers_of(access.kafka);
    needs.topic_prefix = access.topic_prefix;
    needs.agent_id = access.agent_id;
    needs.exactly_once = access.exactly_once;
    if (needs.principal.empty()) {
      cli.err << "wattspool: brokers name the owner of a certificate by rules of their own "
                 "(ssl.principal.mapping.rules): give --principal User:CN=" +
                     access.agent_id + ", or as their log has it\n";
      return kExitUsage;
    }
    if (needs.principal == "User:$ConnectionString") {
      cli.err << "wattspool: Event Hubs has no ACLs: the connection string must have the right "
                 "Send, and Listen\n";
      return kExitFailed;
    }
    cli.out << "# What wattspoold needs as " << needs.principal << " ("
            << (needs.exactly_once ? "exactly_once" : "at_least_once") << "); `wattspool topics "
            << "create` needs Create, too.\n# An administrator's own access: --command-config "
               "FILE.\n";
    for (const std::string& command : acl_commands(needs)) cli.out << command << '\n';
    return kExitDone;
  }

  BrokerArguments brokers_;
  TopicsOptions options_;
  std::string retention_;
  std::string timeout_ = "10s";
  bool print_acls_ = false;
  std::string principal_;
};

}  // namespace

std::unique_ptr<Verb> make_topics_verb() { return std::make_unique<TopicsVerb>(); }

}  // namespace agent
