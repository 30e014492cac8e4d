// SPDX-License-Identifier: Apache-2.0
// `wattspool spool`: which file, which rows; the work is in spool_verb.h.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>

#include "agent/cli/spool_verb.h"
#include "agent/cli/stop_signal.h"
#include "agent/cli/verb.h"

namespace agent {
namespace {

class SpoolVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb =
        app.add_subcommand("spool", "Look at the spool's file; works with the daemon dead, too");
    verb->require_subcommand(1);
    add_action(*verb, "info", "What is in it, lane by lane", spool_info);
    CLI::App& list = add_action(*verb, "list", "The newest rows of each lane", spool_list);
    list.add_option("--lane", lane_, "Only this lane")
        ->check(CLI::IsMember({"event", "telemetry", "waveform", "archive"}));
    list.add_option("--rows", options_.rows_max, "How many of each lane; 0: all")
        ->capture_default_str();
    CLI::App& verify = add_action(*verb, "verify", "Compute every checksum again", spool_verify);
    verify.footer("Exit code 1: something is damaged, or the file cannot be read.");
    verb->footer(
        "Examples:\n"
        "  wattspool spool info\n"
        "  wattspool spool list --lane waveform --rows 5\n"
        "  wattspool spool verify --path /mnt/old-disk/spool.db");
    return verb;
  }

  int run(const CliContext& cli) override {
    if (options_.path.empty() && !find_path(cli)) return kExitFailed;
    if (!lane_.empty()) options_.lane = proto::lane_from(lane_);
    if (action_ == spool_verify) watch_progress(cli);
    const int code = action_(options_, cli.out, cli.err);
    if (shows_progress_) cli.err << "\r\033[K";
    return code;
  }

 private:
  using Action = int (*)(const SpoolVerbOptions&, std::ostream&, std::ostream&);

  CLI::App& add_action(CLI::App& verb, const char* name, const char* help, Action action) {
    CLI::App& parser = *verb.add_subcommand(name, help);
    parser.add_option("--path", options_.path, "The spool's file (default: the configuration's)")
        ->type_name("FILE");
    parser.add_flag("--json", options_.json, "As JSON, schema 1");
    parser.parse_complete_callback([this, action] { action_ = action; });
    return parser;
  }

  // What else is wrong with the configuration does not matter here.
  bool find_path(const CliContext& cli) {
    const LoadedConfig loaded = load_config(cli.sources);
    const Setting& path = loaded.config.settings.get("spool.path");
    if (!loaded.ok_but_for_secrets() && !path.is_set) {
      for (const ConfigIssue& issue : loaded.issues) cli.err << issue.to_string() << '\n';
      cli.err << "wattspool: the configuration does not tell where the spool is; name it: --path "
                 "FILE\n";
      return false;
    }
    options_.path = path.text;
    return true;
  }

  void watch_progress(const CliContext& cli) {
    shows_progress_ = cli.err_is_terminal;
    const std::atomic<bool>& stop = stop_on_signals();
    options_.progress = [this, &cli, &stop](double share) {
      if (shows_progress_) cli.err << fmt::format("\r{:.0f} %", 100 * share) << std::flush;
      return !stop;
    };
  }

  SpoolVerbOptions options_;
  std::string lane_;
  Action action_ = spool_info;
  bool shows_progress_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_spool_verb() { return std::make_unique<SpoolVerb>(); }

}  // namespace agent
