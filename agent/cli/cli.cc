// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "agent/cli/usage_error.h"
#include "agent/cli/verb.h"
#include "agent/version.h"

namespace agent {
namespace {

struct GlobalOptions {
  std::string config;
  std::string socket;
  bool no_color = false;
};

void add_global_options(CLI::App& app, GlobalOptions& global) {
  app.add_option("--config", global.config,
                 std::string("Configuration file; conf.d/*.toml beside it count too (default: ") +
                     kDefaultConfigFile + ")")
      ->type_name("FILE");
  app.add_option("--socket", global.socket,
                 "The daemon's control socket (default: the configuration's)")
      ->type_name("PATH");
  app.add_flag("--no-color", global.no_color, "No colours; as with NO_COLOR or TERM=dumb");
  std::string versions = version_text("wattspool");
  versions.pop_back();  // CLI11 ends the line
  app.set_version_flag("--version", versions, "Print the version and end");
}

struct Entry {
  std::unique_ptr<Verb> verb;
  const CLI::App* parser = nullptr;
};

std::vector<Entry> add_verbs(CLI::App& app) {
  std::vector<Entry> entries;
  for (auto* const make :
       {make_status_verb, make_check_verb, make_metrics_verb, make_run_verb, make_release_verb,
        make_claim_verb, make_spool_verb, make_topics_verb, make_audit_verb, make_config_verb,
        make_emulate_verb, make_record_usb_verb, make_report_verb, make_version_verb}) {
    Entry entry;
    entry.verb = make();
    entry.parser = entry.verb->add_to(app);
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

bool wants_colour(bool is_terminal) {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  if (no_color != nullptr && *no_color != '\0') return false;
  return is_terminal && term != nullptr && std::string_view(term) != "dumb";
}

int run_cli(const std::vector<std::string>& arguments, CliContext cli) {
  CLI::App app("Looks after the acquisition agent wattspoold. Without a verb: status.",
               "wattspool");
  app.fallthrough();
  app.require_subcommand(0, 1);
  GlobalOptions global;
  add_global_options(app, global);
  const std::vector<Entry> entries = add_verbs(app);
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the daemon (or the broker) is not "
      "reachable.\ncheck: 0 healthy, 1 degraded, 2 critical, 3 unknown.\n"
      "wattspool VERB --help tells more, with examples.");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked, cli.out, cli.err);
  } catch (const CLI::ParseError& error) {
    cli.err << explain_usage_error(app, error);
    return kExitUsage;
  }
  if (!global.config.empty()) cli.sources.file = global.config;
  if (!global.socket.empty()) cli.socket = global.socket;
  if (global.no_color) cli.colour = false;
  const auto given = std::find_if(entries.begin(), entries.end(),
                                  [](const Entry& entry) { return entry.parser->parsed(); });
  return given == entries.end() ? entries.front().verb->run(cli) : given->verb->run(cli);
}

}  // namespace agent
