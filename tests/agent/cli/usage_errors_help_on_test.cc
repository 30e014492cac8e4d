// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/agent/cli/cli_fixture.h"

namespace agent {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;

class Usage : public CliTest {};

std::string joined(const Arguments& arguments) {
  std::string text = "wattspool";
  for (const std::string& argument : arguments) text += " " + argument;
  return text;
}

TEST_F(Usage, EveryVerbHasHelp) {
  const std::vector<Arguments> verbs = {{},
                                        {"status"},
                                        {"check"},
                                        {"run"},
                                        {"run", "start"},
                                        {"run", "stop"},
                                        {"run", "mark"},
                                        {"run", "step"},
                                        {"run", "cycle"},
                                        {"spool"},
                                        {"spool", "info"},
                                        {"spool", "list"},
                                        {"spool", "verify"},
                                        {"topics"},
                                        {"topics", "create"},
                                        {"audit"},
                                        {"config"},
                                        {"config", "show"},
                                        {"config", "check"},
                                        {"emulate"},
                                        {"version"}};
  for (Arguments arguments : verbs) {
    const std::string command = joined(arguments);
    const bool is_top = arguments.size() == 1;
    arguments.push_back("--help");
    EXPECT_EQ(run(arguments), 0) << command;
    EXPECT_THAT(out, HasSubstr("Usage: " + command));
    EXPECT_EQ(err, "");
    EXPECT_TRUE(!is_top || out.find("Examples:\n  " + command) != std::string::npos) << out;
  }
}

TEST_F(Usage, MistakesEndWithTwoAndAHint) {
  const std::vector<std::pair<Arguments, std::string>> mistakes = {
      {{"stauts"}, "wattspool: there is no verb \"stauts\"; did you mean status?"},
      {{"status", "--jsno"}, "wattspool status: there is no option --jsno; did you mean --json?"},
      {{"--json"}, "wattspool: --json is an option of wattspool status"},
      {{"status", "a", "b"}, "wattspool status: there is no place for argument \"b\""},
      {{"status", "--watch=abc"}, "--watch: \"abc\" does not begin with a number"},
      {{"check", "--wait", "60 parsecs"}, "unknown unit \"parsecs\""},
      {{"check", "--wait", "9999999999d"}, "is more than 100 years"},
      {{"run"}, "wattspool run: one of these is missing: start stop mark step cycle"},
      {{"run", "strat"}, "wattspool run: there is no verb \"strat\"; did you mean start?"},
      {{"run", "mark"}, "MESSAGE is required"},
      {{"run", "mark", "x", "--value", "nan"}, "\"nan\" is not a finite number"},
      {{"run", "start", "--label", "shift"}, "\"shift\" is not name=value"},
      {{"run", "start", "--label", "=night"}, "\"=night\" is not name=value"},
      {{"run", "step", "--type", "Formation"}, "give it an id with --type-id, from 100"},
      {{"run", "step", "--type", "x", "--type-id", "5"}, "Value 5 not in range 100 to"},
      {{"spool", "list", "--lane", "fast"}, "fast not in {event,telemetry,waveform,archive}"},
      {{"spool", "list", "--rows", "many"}, "--rows = many"},
      {{"spool", "list", "--rows", "-1"}, "--rows = -1"},
      {{"topics", "create", "--partitions", "0"}, "Value 0 not in range"},
      {{"topics", "create"}, "no broker is named: set kafka.brokers"},
      {{"audit"}, "no broker is named: set kafka.brokers"},
      {{"config", "chekc"}, "did you mean check?"},
      {{"--config"}, "--config: 1 required FILE missing"},
      {{""}, "there is no verb \"\""}};
  write_file("wattspool.toml", "");
  for (const auto& [arguments, message] : mistakes) {
    EXPECT_EQ(run(arguments), 2) << joined(arguments);
    EXPECT_THAT(err, HasSubstr(message));
    EXPECT_EQ(out, "") << "talk on the result's stream: " << joined(arguments);
  }
}

TEST_F(Usage, VersionNamesTheLibraries) {
  ASSERT_EQ(run({"version"}), 0);
  const std::string text = out;
  for (const char* name : {"wattspool 0.", "librdkafka", "SQLite", "zstd"}) {
    EXPECT_THAT(text, HasSubstr(name));
  }
  ASSERT_EQ(run({"--version"}), 0);
  EXPECT_EQ(out, text);
  ASSERT_EQ(run({"version", "--json"}), 0);
  EXPECT_EQ(json::parse(out)["schema"], 1);
  EXPECT_TRUE(json::parse(out)["libraries"].contains("zstd"));
}

}  // namespace
}  // namespace agent
