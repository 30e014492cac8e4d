// SPDX-License-Identifier: Apache-2.0
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "agent/cli/daemon_link.h"
#include "agent/cli/duration_argument.h"
#include "agent/cli/stop_signal.h"
#include "agent/cli/verb.h"
#include "agent/status/status_text.h"
#include "agent/status/words.h"
#include "proto/cloud_event.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kUnknown = 3;
constexpr milliseconds kPollInterval{250};
// The daemon writes its file once a second. One that is fresh speaks for a daemon that was only
// slow to answer.
constexpr double kFreshS = 5;

struct Verdict {
  int exit_code = kUnknown;
  std::string health = "unknown";
  std::string line;
  std::vector<HealthReason> reasons;
  std::vector<HealthReason> allowed;  // what was taken out of them
  std::optional<std::int64_t> last_ack_utc_us;
  bool is_final = false;  // waiting does not change it
};

Verdict unknown(std::string line) {
  Verdict verdict;
  verdict.line = "unknown: " + std::move(line);
  return verdict;
}

// The health as if an outstanding ack were one of its rules.
void demand_ack(AgentStatus& status, std::int64_t newer_than_utc_us) {
  if (status.kafka.last_ack_utc_us && *status.kafka.last_ack_utc_us > newer_than_utc_us) return;
  const double age_s = static_cast<double>(status.updated_utc_us - newer_than_utc_us) / 1e6;
  status.reasons.push_back(
      {Health::kDegraded, "no_ack", status.kafka.brokers,
       fmt::format("The broker has acked nothing in the last {}.", age_text(std::max(0.0, age_s))),
       "wattspool status"});
  status.health = std::max(status.health, Health::kDegraded);
}

// Takes the reasons with these codes out, as if they were no rules; returns them.
std::vector<HealthReason> allow(AgentStatus& status, const std::vector<std::string>& codes) {
  if (codes.empty()) return {};
  const auto kept = std::stable_partition(
      status.reasons.begin(), status.reasons.end(), [&codes](const HealthReason& reason) {
        return std::find(codes.begin(), codes.end(), reason.code) == codes.end();
      });
  std::vector<HealthReason> taken(std::make_move_iterator(kept),
                                  std::make_move_iterator(status.reasons.end()));
  status.reasons.erase(kept, status.reasons.end());
  status.health = Health::kHealthy;
  for (const HealthReason& reason : status.reasons) {
    status.health = std::max(status.health, reason.severity);
  }
  return taken;
}

Json reasons_json(const std::vector<HealthReason>& reasons) {
  Json list = Json::array();
  for (const HealthReason& reason : reasons) {
    list.push_back({{"severity", to_string(reason.severity)},
                    {"code", reason.code},
                    {"object", reason.object},
                    {"message", reason.message},
                    {"remedy", reason.remedy}});
  }
  return list;
}

class CheckVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand("check", "One line and an exit code, for monitoring");
    verb->add_option("--wait", wait_, "Until healthy, at most this long (60s)")
        ->check(duration_problem)
        ->type_name("TIME");
    verb->add_flag("--require-ack", require_ack_,
                   "Healthy only if a broker acked something since the daemon's start (with "
                   "--wait: since this command's start)");
    verb->add_option("--allow", allowed_, "Reasons with this code do not count; repeatable")
        ->allow_extra_args(false)
        ->type_name("CODE");
    verb->add_flag("--json", json_, "The verdict as JSON, schema 1");
    verb->footer(
        "Exit codes: 0 healthy; 1 degraded: backlog, instrument absent, recent gap;\n"
        "2 critical: losing data, spool full, cannot write; 3 unknown: the daemon does not\n"
        "answer or the socket is denied. (2 is also wrong usage: then there is no line on "
        "stdout.)\n"
        "Examples:\n"
        "  wattspool check\n"
        "  # The gate after an upgrade, whose restart is a recent gap:\n"
        "  wattspool check --wait 120s --require-ack --allow recent_gap");
    return verb;
  }

  int run(const CliContext& cli) override {
    const DaemonPaths paths = daemon_paths(cli);
    const auto begin = steady_clock::now();
    const std::int64_t begin_utc_us = cli.clock.utc_ns() / 1000;
    const milliseconds patience = wait_.empty() ? milliseconds(0) : duration_of(wait_);
    const std::atomic<bool>* const stop = wait_.empty() ? nullptr : &stop_on_signals();
    Verdict verdict = judge(cli, paths, begin_utc_us);
    if (stop != nullptr && cli.err_is_terminal && verdict.exit_code != 0) {
      cli.err << "wattspool: waiting up to "
              << age_text(static_cast<double>(patience.count()) / 1e3) << "; " << verdict.line
              << '\n';
    }
    while (verdict.exit_code != 0 && !verdict.is_final && stop != nullptr && !*stop) {
      const auto left = std::chrono::ceil<milliseconds>(begin + patience - steady_clock::now());
      if (left.count() <= 0) break;
      sleep_unless_stopped(std::min(left, kPollInterval), *stop);
      verdict = judge(cli, paths, begin_utc_us);
    }
    const std::chrono::duration<double> waited = steady_clock::now() - begin;
    print(cli, verdict, waited.count());
    return verdict.exit_code;
  }

 private:
  Verdict judge(const CliContext& cli, const DaemonPaths& paths, std::int64_t begin_utc_us) const {
    auto fetched = fetch_status(paths, cli.clock);
    if (!fetched) {
      const DaemonTrouble& trouble = fetched.error();
      Verdict verdict = unknown(trouble.message + " " + trouble.remedy);
      verdict.reasons.push_back(
          {Health::kCritical, trouble.code, paths.socket, trouble.message, trouble.remedy});
      verdict.is_final = trouble.code == "denied";
      return verdict;
    }
    if (!fetched->live && fetched->age_s > kFreshS) {
      return unknown(
          fmt::format("wattspoold does not answer; its last status is from {} ago. Try: "
                      "journalctl -u wattspoold",
                      age_text(fetched->age_s)));
    }
    AgentStatus& status = fetched->status;
    if (require_ack_) {
      demand_ack(status, wait_.empty() ? status.started_utc_us
                                       : std::max(status.started_utc_us, begin_utc_us));
    }
    Verdict verdict;
    verdict.allowed = allow(status, allowed_);
    verdict.exit_code = static_cast<int>(status.health);
    verdict.health = to_string(status.health);
    verdict.line = check_line(status);
    verdict.reasons = status.reasons;
    verdict.last_ack_utc_us = status.kafka.last_ack_utc_us;
    return verdict;
  }

  void print(const CliContext& cli, const Verdict& verdict, double waited_s) const {
    if (!json_) {
      cli.out << verdict.line << '\n';
      return;
    }
    const Json json{
        {"schema", 1},
        {"health", verdict.health},
        {"exit_code", verdict.exit_code},
        {"message", verdict.line},
        {"reasons", reasons_json(verdict.reasons)},
        {"allowed", reasons_json(verdict.allowed)},
        {"last_ack_at", verdict.last_ack_utc_us ? Json(proto::rfc3339_us(*verdict.last_ack_utc_us))
                                                : Json(nullptr)},
        {"waited_s", waited_s}};
    cli.out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  }

  std::string wait_;  // empty: judge once
  bool require_ack_ = false;
  std::vector<std::string> allowed_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_check_verb() { return std::make_unique<CheckVerb>(); }

}  // namespace agent
