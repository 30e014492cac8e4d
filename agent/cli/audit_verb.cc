// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "agent/audit/audit.h"
#include "agent/cli/broker_arguments.h"
#include "agent/cli/duration_argument.h"
#include "agent/cli/stop_signal.h"
#include "agent/cli/verb.h"

namespace agent {
namespace {

class AuditVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand(
        "audit", "Read the topics back: did every sample arrive, once, or in a named gap?");
    add_broker_options(*verb, brokers_);
    verb->add_flag("--follow", options_.follow,
                   "Read along until Ctrl-C, then report: for a broker that keeps little");
    verb->add_flag("--json", options_.json, "The report as JSON, schema 1");
    verb->add_flag("--no-transactions", no_transactions_,
                   "The broker has no transactions: read everything, say what that cannot show");
    verb->add_option("--stall-timeout", stall_timeout_,
                     "Give up when nothing arrives for this long")
        ->check(duration_problem)
        ->capture_default_str()
        ->type_name("TIME");
    verb->footer(
        "Exit codes: 0 everything is accounted for; 1 something is missing, twice or damaged;\n"
        "3 no answer: the broker or the records are not there.\n"
        "Examples:\n"
        "  wattspool audit\n"
        "  wattspool audit --brokers kafka1:9092 --prefix bench. --json");
    return verb;
  }

  int run(const CliContext& cli) override {
    auto access = broker_access(cli, brokers_);
    // 1 would say that records are missing.
    if (!access) return access.error() == kExitUsage ? kExitUsage : kExitUnreachable;
    options_.kafka = std::move(access->kafka);
    options_.topic_prefix = std::move(access->topic_prefix);
    options_.transactions = !no_transactions_;
    options_.progress = cli.err_is_terminal;
    options_.stall_timeout = std::chrono::ceil<std::chrono::seconds>(duration_of(stall_timeout_));
    return static_cast<int>(run_audit(options_, stop_on_signals(), cli.out, cli.err));
  }

 private:
  BrokerArguments brokers_;
  AuditOptions options_;
  bool no_transactions_ = false;
  std::string stall_timeout_ = "30s";
};

}  // namespace

std::unique_ptr<Verb> make_audit_verb() { return std::make_unique<AuditVerb>(); }

}  // namespace agent
