// SPDX-License-Identifier: Apache-2.0
// wattspoold: the acquisition daemon's command line.
#include <malloc.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "agent/config/config_load.h"
#include "agent/daemon/daemon.h"
#include "agent/log/log.h"
#include "agent/version.h"
#include "proto/clock.h"

namespace agent {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

struct Arguments {
  std::optional<std::string> config;
  std::optional<std::string> log_level;
  bool check_config = false;
};

int check(const LoadedConfig& loaded) {
  for (const ConfigIssue& issue : loaded.issues) std::cerr << issue.to_string() << "\n";
  if (!loaded.ok()) return kFailed;
  std::cout << "configuration is valid";
  for (std::size_t i = 0; i < loaded.files.size(); ++i) {
    std::cout << (i == 0 ? ": " : ", ") << loaded.files[i];
  }
  std::cout << "\n";
  return kDone;
}

// Blocked here, so in every thread that comes later too; they are read from the descriptor.
int block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

// A payload of 300 kB is made in one thread and freed in another, twelve times a second. With an
// arena per thread such blocks leave holes that never come together: 84 MiB and growing, where one
// arena stays at 59. Above 1 MiB a mapping of its own costs less than its page faults.
void keep_the_heap_flat() {
  constexpr int kMiB = 1 << 20;
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, kMiB);
  mallopt(M_MMAP_THRESHOLD, kMiB);
}

int serve(const Arguments& arguments) {
  keep_the_heap_flat();
  const int signal_fd = block_signals();
  const proto::SystemClock clock;
  Log log(log_form(false), LogLevel::kInfo, clock);
  ConfigSources sources = process_sources(arguments.config);
  sources.credentials.renewed = renewed_credentials();
  LoadedConfig loaded = load_config(sources);
  if (!loaded.ok()) {
    for (const ConfigIssue& issue : loaded.issues) log.error(issue.to_string());
    log.error("the configuration is not valid; wattspoold --check-config says the same");
    return kUsage;
  }
  DaemonSetup setup;
  if (arguments.log_level) setup.log_level = log_level_from(*arguments.log_level);
  const Settings& settings = loaded.config.settings;
  log.configure(log_form(settings.text("log.format") == "json"),
                setup.log_level.value_or(log_level_from(settings.text("log.level"))));
  setup.loaded = std::move(loaded);
  setup.sources = sources;
  setup.exit_when_stop_hangs = true;
  auto daemon = Daemon::start(std::move(setup), clock, log);
  if (!daemon) {
    log.error(daemon.error().text());
    return kFailed;
  }
  // A thread that hangs can be neither joined nor destroyed under.
  if (!(*daemon)->run(signal_fd)) std::_Exit(kFailed);
  return kDone;
}

}  // namespace
}  // namespace agent

// CLI11 throws on options that are declared wrongly: a defect, which may end the process.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  CLI::App app("Reads the bench's instruments into the spool and forwards it to Kafka.",
               "wattspoold");
  agent::Arguments arguments;
  app.add_option("--config", arguments.config,
                 "configuration file; conf.d/*.toml beside it is read too")
      ->type_name("FILE")
      ->default_str(agent::kDefaultConfigFile);
  app.add_flag("--check-config", arguments.check_config,
               "say what is wrong with the configuration, and end");
  app.add_option("--log-level", arguments.log_level, "least severity that is logged")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  app.set_version_flag("--version", agent::version_text("wattspoold"));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? agent::kDone : agent::kUsage;
  }
  if (arguments.check_config) {
    return agent::check(agent::load_config(agent::process_sources(arguments.config)));
  }
  return agent::serve(arguments);
}
