// SPDX-License-Identifier: Apache-2.0
// `wattspool report`: what the other verbs say, and what the host knows, in one file.
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <sstream>

#include "agent/cli/cli.h"
#include "agent/cli/verb.h"
#include "agent/report/host_steps.h"
#include "agent/report/report.h"
#include "proto/cloud_event.h"

namespace agent {
namespace {

// `done_max`: the largest exit code that still is an answer; check has three.
Gathered of_verb(const CliContext& cli, const std::vector<std::string>& words, int done_max) {
  std::ostringstream out;
  std::ostringstream err;
  CliContext inner{.out = out, .err = err, .clock = cli.clock};
  inner.sources = cli.sources;
  inner.socket = cli.socket;
  const int code = run_cli(words, std::move(inner));
  Gathered gathered{out.str(), ""};
  if (code > done_max) gathered.failure = err.str();
  return gathered;
}

// All that is wrong, and not only whether something is.
Gathered config_check(const CliContext& cli) {
  const LoadedConfig loaded = load_config(cli.sources);
  Gathered gathered;
  for (const std::string& file : loaded.files) gathered.text += "read " + file + "\n";
  for (const ConfigIssue& issue : loaded.issues) gathered.text += issue.to_string() + "\n";
  if (loaded.ok()) gathered.text += "valid\n";
  return gathered;
}

std::vector<ReportStep> verb_steps(const CliContext& cli) {
  const auto verb = [&cli](std::vector<std::string> words, int done_max = kExitDone) {
    return [&cli, words = std::move(words), done_max] { return of_verb(cli, words, done_max); };
  };
  return {
      {"version.json", "versions of the program and its libraries", verb({"version", "--json"})},
      {"config.toml", "the configuration, each value with its origin",
       verb({"config", "show"}, kExitFailed)},
      {"config-check.txt", "files of the configuration, and what is wrong with it",
       [&cli] { return config_check(cli); }},
      {"status.json", "the daemon's status", verb({"status", "--json"})},
      {"check.json", "whether it is healthy, and why not", verb({"check", "--json"}, 2)},
      {"metrics.txt", "the status for Prometheus", verb({"metrics"})},
      {"spool.json", "what is in the spool", verb({"spool", "info", "--json"})},
  };
}

std::string default_name(const CliContext& cli, const LoadedConfig& loaded) {
  std::string at = proto::rfc3339_us(cli.clock.utc_ns() / 1000).substr(0, 19);  // to the second
  std::erase_if(at, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("wattspool-report-{}-{}Z.tar.gz", loaded.config.settings.text("agent.id"), at);
}

std::int64_t size_of(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_size : 0;
}

class ReportVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand(
        "report", "Everything that somebody who helps will ask for, in one file; without secrets");
    verb->add_option("FILE", file_,
                     "The archive to write, .tar.gz (default: a name with agent and time, here)");
    verb->add_flag("--json", json_, "Its manifest as JSON, schema 1");
    verb->footer(
        "As root it has the journal and the unit, too. What cannot be had is named in\n"
        "manifest.json, with the reason. Nothing is sent anywhere: look through it first.\n"
        "Examples:\n"
        "  sudo wattspool report\n"
        "  sudo wattspool report /root/bench-07.tar.gz");
    return verb;
  }

  int run(const CliContext& cli) override {
    const LoadedConfig loaded = load_config(cli.sources);
    std::vector<ReportStep> steps = verb_steps(cli);
    for (ReportStep& step : host_steps(loaded.config.settings.text("spool.path"), cli.clock)) {
      steps.push_back(std::move(step));
    }
    const auto files = gather_report(steps, known_secrets(loaded));
    const std::string path = file_.empty() ? default_name(cli, loaded) : file_;
    const auto written = write_report(path, files, cli.clock);
    if (!written) return failed(cli, written.error());
    if (json_) {
      cli.out << manifest_json(files, cli.clock);
    } else {
      print(cli, path, files);
    }
    return kExitDone;
  }

 private:
  int failed(const CliContext& cli, const proto::Error& error) const {
    cli.err << "wattspool: no report: " << error.message() << '\n';
    if (error.code == std::errc::file_exists) {
      cli.err << "Name another file; a report replaces none.\n";
    } else if (file_.empty()) {
      cli.err << "Name a file in a folder where you may write: wattspool report FILE\n";
    }
    return kExitFailed;
  }

  static void print(const CliContext& cli, const std::string& path,
                    const std::vector<ReportFile>& files) {
    cli.out << fmt::format("{}  ({} bytes, readable for you only)\n", path, size_of(path));
    for (const ReportFile& one : files) {
      cli.out << fmt::format("  {:<18} {}\n", one.file, one.what);
    }
    cli.out << fmt::format("  {:<18} {}\n", "manifest.json", "this list, with what is missing");
    for (const ReportFile& one : files) {
      if (one.failure.empty()) continue;
      cli.out << fmt::format("! {}: {}\n", one.file, one.failure.substr(0, one.failure.find('\n')));
    }
    cli.out << "Secrets are left out. Nothing was sent: look through it before you pass it on.\n";
  }

  std::string file_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_report_verb() { return std::make_unique<ReportVerb>(); }

}  // namespace agent
