// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "agent/cli/verb.h"
#include "agent/version.h"

namespace agent {
namespace {

class VersionVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand("version", "Versions of the program and its libraries");
    verb->add_flag("--json", json_, "As JSON, schema 1");
    verb->footer("Examples:\n  wattspool version\n  wattspool version --json");
    return verb;
  }

  int run(const CliContext& cli) override {
    if (!json_) {
      cli.out << version_text("wattspool");
      return kExitDone;
    }
    nlohmann::ordered_json json{{"schema", 1},
                                {"program", "wattspool"},
                                {"version", version()},
                                {"build_type", build_type()},
                                {"libraries", nlohmann::ordered_json::object()}};
    for (const auto& [name, its_version] : library_versions()) {
      json["libraries"][name] = its_version;
    }
    cli.out << json.dump(2) << '\n';
    return kExitDone;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_version_verb() { return std::make_unique<VersionVerb>(); }

}  // namespace agent
