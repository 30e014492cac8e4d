// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/broker_arguments.h"

#include <CLI/CLI.hpp>

#include "agent/config/config_options.h"

namespace agent {
namespace {

Setting from_command_line(const char* option, std::string text, std::vector<std::string> list) {
  return {std::move(text), 0, std::move(list), {option, 0, 0}, true};
}

tl::unexpected<int> refuse(const CliContext& cli, const std::string& message, int code) {
  cli.err << "wattspool: " << message << '\n';
  return tl::unexpected(code);
}

}  // namespace

void add_broker_options(CLI::App& verb, BrokerArguments& arguments) {
  verb.add_option("--brokers", arguments.brokers,
                  "host:port, separated by commas (default: kafka.brokers of the configuration)")
      ->type_name("LIST");
  verb.add_option("--prefix", arguments.prefix,
                  "What topic names begin with (default: topics.prefix of the configuration)");
}

tl::expected<BrokerAccess, int> broker_access(const CliContext& cli,
                                              const BrokerArguments& arguments) {
  LoadedConfig loaded = load_config(cli.sources);
  if (!loaded.ok()) {
    for (const ConfigIssue& issue : loaded.issues) cli.err << issue.to_string() << '\n';
    // A bench's configuration is not for everybody; its brokers may be.
    if (arguments.brokers.empty() || cli.sources.file) {
      if (loaded.ok_but_for_denied_secrets()) {
        return refuse(cli, "this asks the broker, and so it needs the secrets above; use sudo",
                      kExitFailed);
      }
      return refuse(cli, "the configuration is not valid, or not readable for you", kExitFailed);
    }
    cli.err << "wattspool: going on without the configuration: no TLS, no user\n";
    ConfigSources nothing = cli.sources;
    nothing.file = "/dev/null";
    nothing.environment.clear();
    loaded = load_config(nothing);
  }
  Settings& settings = loaded.config.settings;
  if (!arguments.brokers.empty()) {
    settings.set("kafka.brokers", from_command_line("--brokers", "", {arguments.brokers}));
  }
  if (!arguments.prefix.empty()) {
    settings.set("topics.prefix", from_command_line("--prefix", arguments.prefix, {}));
  }
  if (settings.list("kafka.brokers").empty()) {
    return refuse(cli,
                  "no broker is named: set kafka.brokers in the configuration, or give "
                  "--brokers HOST:PORT",
                  kExitUsage);
  }
  auto kafka = kafka_settings(loaded.config, loaded.credentials);
  if (!kafka) return refuse(cli, kafka.error().message(), kExitFailed);
  return BrokerAccess{std::move(*kafka), settings.text("topics.prefix"), settings.text("agent.id"),
                      settings.text("forward.delivery") == "exactly_once"};
}

}  // namespace agent
