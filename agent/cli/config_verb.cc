// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "agent/cli/verb.h"
#include "agent/config/config_show.h"

namespace agent {
namespace {

void print_issues(const CliContext& cli, const LoadedConfig& loaded) {
  for (const ConfigIssue& issue : loaded.issues) cli.err << issue.to_string() << '\n';
}

class ConfigVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand("config", "The effective configuration");
    verb->require_subcommand(1);
    CLI::App* show =
        verb->add_subcommand("show", "Every value and where it was set; secrets stay hidden");
    show->add_flag(
        "--origin,!--no-origin", origin_,
        "Where each value was set: file:line:column, a variable, or default (the default)");
    show->add_flag("--json", json_, "As JSON, schema 1");
    show->parse_complete_callback([this] { shows_ = true; });
    CLI::App* check =
        verb->add_subcommand("check", "Say everything that is wrong with the configuration");
    check->add_option("FILE", file_, "Configuration file (default: as --config)");
    verb->footer(
        "Order: defaults < FILE < conf.d/*.toml beside it < environment "
        "(WATTSPOOL__SECTION__KEY).\n"
        "Examples:\n"
        "  wattspool config show\n"
        "  wattspool config check ./site.toml");
    return verb;
  }

  int run(const CliContext& cli) override {
    ConfigSources sources = cli.sources;
    if (!file_.empty()) sources.file = file_;
    const LoadedConfig loaded = load_config(sources);
    print_issues(cli, loaded);
    if (shows_) {
      cli.out << (json_ ? show_config_json(loaded) + "\n"
                        : show_config_toml(loaded.config, origin_));
      // Who may not read the secrets can still be shown all that is no secret.
      if (loaded.ok_but_for_denied_secrets()) return kExitDone;
    } else if (loaded.ok()) {
      cli.out << "the configuration is valid";
      for (std::size_t i = 0; i < loaded.files.size(); ++i) {
        cli.out << (i == 0 ? ": " : ", ") << loaded.files[i];
      }
      cli.out << (loaded.files.empty() ? ": no file, all defaults\n" : "\n");
    } else {
      cli.err << "wattspool: " << loaded.issues.size()
              << (loaded.issues.size() == 1 ? " mistake" : " mistakes")
              << " in the configuration\n";
    }
    return loaded.ok() ? kExitDone : kExitFailed;
  }

 private:
  bool shows_ = false;
  std::string file_;
  bool json_ = false;
  bool origin_ = true;
};

}  // namespace

std::unique_ptr<Verb> make_config_verb() { return std::make_unique<ConfigVerb>(); }

}  // namespace agent
