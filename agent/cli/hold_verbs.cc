// SPDX-License-Identifier: Apache-2.0
// `wattspool release` and `wattspool claim`: an instrument for another program, and back.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "agent/cli/daemon_link.h"
#include "agent/cli/duration_argument.h"
#include "agent/cli/verb.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

// The daemon gives an instrument 5 s to answer.
constexpr std::chrono::milliseconds kHoldTimeout{6'000};

std::string release_problem(const std::string& text) {
  if (std::string problem = duration_problem(text); !problem.empty()) return problem;
  if (duration_of(text) > kReleaseMax) return "\"" + text + "\" is more than a year";
  return "";
}

class HoldVerb final : public Verb {
 public:
  explicit HoldVerb(bool is_release) : is_release_(is_release) {}

  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = is_release_
                         ? app.add_subcommand("release", "Give an instrument to another program")
                         : app.add_subcommand("claim", "Take a released instrument back");
    verb->add_option("INSTRUMENT", instrument_, "js220/001234; may be left out if there is one");
    if (is_release_) {
      verb->add_option("--for", duration_, "Claimed again after this (30m); else by `claim`")
          ->check(release_problem)
          ->type_name("DURATION");
    }
    verb->add_flag("--json", json_, "The daemon's answer as JSON, schema 1");
    verb->footer(is_release_ ? "Examples:\n"
                               "  wattspool release js220/001234 --for 30m\n"
                               "  wattspool release js220/001234 && joulescope_ui; wattspool claim "
                               "js220/001234\n"
                               "The instrument is closed when this returns; the pause is one gap "
                               "(released).\nA restart of wattspoold claims it again."
                             : "Example:\n  wattspool claim js220/001234");
    return verb;
  }

  int run(const CliContext& cli) override {
    const auto answer =
        call_daemon(daemon_paths(cli), HoldRequest{instrument_, command()}, kHoldTimeout);
    if (!answer) return report_trouble(cli, answer.error(), json_);
    const Json reply = Json::parse(*answer, nullptr, false);
    if (json_) cli.out << *answer << '\n';
    if (!reply.is_object() || reply.value("ok", Json()) != true) {
      cli.err << "wattspool: " << refusal_of(reply) << '\n';
      return kExitFailed;
    }
    if (!json_) print(cli, reply.value("instrument", Json::object()));
    return kExitDone;
  }

 private:
  HoldCommand command() const {
    if (!is_release_) return ClaimDevice{};
    ReleaseDevice release;
    if (!duration_.empty()) release.duration = duration_of(duration_);
    return release;
  }

  static void print(const CliContext& cli, const Json& instrument) {
    const auto text = [&](const char* name) {
      const Json value = instrument.is_object() ? instrument.value(name, Json()) : Json();
      return value.is_string() ? value.get<std::string>() : std::string();
    };
    std::string what = text("state");
    if (what == "released") {
      const std::string until = text("released_until");
      what += until.empty() ? " until wattspool claim " + text("instrument") : " until " + until;
    }
    cli.out << fmt::format("{}: {}\n", text("instrument"), what);
  }

  const bool is_release_;
  std::string instrument_;
  std::string duration_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_release_verb() { return std::make_unique<HoldVerb>(true); }
std::unique_ptr<Verb> make_claim_verb() { return std::make_unique<HoldVerb>(false); }

}  // namespace agent
