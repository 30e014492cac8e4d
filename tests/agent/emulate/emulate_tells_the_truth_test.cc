// SPDX-License-Identifier: Apache-2.0
// `wattspool emulate`: what it prints of an id range is what it streams, whatever the partition;
// and it says what is wrong with its arguments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "agent/emulate/emulate.h"

namespace agent {
namespace {

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Outcome run(const std::vector<std::string>& words) {
  CLI::App app;
  EmulateOptions options;
  add_emulate_verb(app, options);
  std::vector<std::string> arguments(words.rbegin(), words.rend());
  arguments.push_back("emulate");
  app.parse(arguments);
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = run_emulate(options, out, err);
  return {exit_code, out.str(), err.str()};
}

nlohmann::json truth(const std::vector<std::string>& words) {
  std::vector<std::string> all = words;
  all.insert(all.end(), {"--truth", "--json", "--serial", "000001"});
  const Outcome outcome = run(all);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return nlohmann::json::parse(outcome.out);
}

TEST(EmulateTruth, SquareWaveHasTheEnergyOnItsLabel) {
  // 2,000,000 ids are one second: 50 periods of 3.25 V * (2^-4 + 2^-10) A / 2.
  const auto document = truth({"--load", "square", "--ids", "0:1999999"});
  EXPECT_EQ(document["total"]["sample_count"], 1'000'000);
  EXPECT_EQ(document["total"]["energy__J"].get<double>(), 3.25 * (0x1p-4 + 0x1p-10) / 2);
  EXPECT_EQ(document["total"]["charge__C"].get<double>(), (0x1p-4 + 0x1p-10) / 2);
  EXPECT_EQ(document["device_id"], "js220-000001");
}

TEST(EmulateTruth, SumsAreAdditiveForAnyPartition) {
  for (const char* load : {"ble", "mcu", "edge"}) {
    const auto whole = truth({"--load", load, "--ids", "1001:300000"})["total"];
    const auto parts = truth({"--load", load, "--ids", "1001:1001", "--ids", "1002:5000", "--ids",
                              "5001:5002", "--ids", "5003:300000"});
    EXPECT_EQ(whole, parts["total"]) << load;
    EXPECT_EQ(parts["ranges"].size(), 4U);
    EXPECT_EQ(parts["ranges"][0]["sample_count"], 0) << "an odd id begins no value";
  }
}

TEST(EmulateTruth, DependsOnSeedSerialAndLoad) {
  const auto sum = [](const Outcome& outcome) { return outcome.out; };
  const auto base = sum(run({"--truth", "--serial", "a", "--ids", "0:99999"}));
  EXPECT_EQ(base, sum(run({"--truth", "--serial", "a", "--ids", "0:99999"})));
  EXPECT_NE(base, sum(run({"--truth", "--serial", "b", "--ids", "0:99999"})));
  EXPECT_NE(base, sum(run({"--truth", "--serial", "a", "--ids", "0:99999", "--seed", "2"})));
  EXPECT_NE(base, sum(run({"--truth", "--serial", "a", "--ids", "0:99999", "--load", "mcu"})));
}

TEST(EmulateTruth, PlaysARecordedTrace) {
  const std::string trace = WATTSPOOL_TEST_DATA "/traces/lpm01a_stm32l4r5_vww.f32";
  // mW at 3.3 V; 45 mW on average over the whole trace, so about that over its first 10 s.
  const auto document =
      truth({"--play", trace, "--scale", "0.00030303", "--voltage", "3.3", "--ids", "0:19999999"});
  EXPECT_NEAR(document["total"]["energy__J"].get<double>(), 0.45, 0.05);
}

// Its words are multiples of a count, so its truth is near that of a JS220 and not the same.
TEST(EmulateTruth, OfAJs110IsThatOfItsWords) {
  const auto words = [](const std::string& range) {
    return std::vector<std::string>{"js110", "--load", "square", "--ids", range};
  };
  const auto document = truth(words("0:1999999"));
  EXPECT_EQ(document["device_id"], "js110-000001");
  EXPECT_EQ(document["total"]["sample_count"], 2'000'000);
  EXPECT_NEAR(document["total"]["energy__J"].get<double>(), 3.25 * (0x1p-4 + 0x1p-10) / 2, 1e-4);
  EXPECT_NEAR(document["total"]["charge__C"].get<double>(), (0x1p-4 + 0x1p-10) / 2, 1e-5);
  auto parts = words("0:7");
  for (const char* range : {"8:125", "126:1000", "1001:1999999"}) {
    parts.insert(parts.end(), {"--ids", range});
  }
  EXPECT_EQ(truth(parts)["total"], document["total"]);
}

TEST(EmulateUsage, SaysWhatIsWrong) {
  struct Case {
    std::vector<std::string> words;
    int exit_code;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{"js320"}, 2, "js220 and js110 can be emulated"},
      {{"js110", "--serial", "a", "--start-id", "1"}, 2, "counts from 0"},
      {{"js110", "--serial", "a", "--socket", "/x", "--fault", "no-pong"}, 2, "not known"},
      {{"--serial", "12345678"}, 2, "1 to 7 letters"},
      {{"--serial", "a", "--serial", "a"}, 2, "twice"},
      {{"--serial", "a"}, 2, "needs --serial and --socket"},
      {{"--truth", "--serial", "a"}, 2, "needs --ids"},
      {{"--truth", "--serial", "a", "--ids", "5:4"}, 2, "FIRST:LAST"},
      {{"--truth", "--serial", "a", "--ids", "x"}, 2, "FIRST:LAST"},
      {{"--truth", "--serial", "a", "--ids", "0:9", "--load", "kettle"}, 2, "there are sleep"},
      {{"--truth", "--serial", "a", "--ids", "0:9", "--play", "/nowhere"}, 1, "No such file"},
      {{"--truth", "--serial", "a", "--ids", "0:9", "--format", "u8"}, 2, "f32 or i16"},
      {{"--serial", "a", "--socket", "/x", "--time-scale", "0"}, 2, "--time-scale"},
      {{"--serial", "a", "--socket", "/x", "--fault", "explode"}, 2, "not known"},
      {{"--serial", "a", "--socket", "/nowhere/x"}, 1, "listen on the socket"},
      {{"--send", "state", "--socket", "/nowhere/x"}, 3, "no such device"},
      {{"--send", "state"}, 2, "needs --socket"},
  };
  for (const auto& test : cases) {
    const Outcome outcome = run(test.words);
    EXPECT_EQ(outcome.exit_code, test.exit_code) << test.says << ": " << outcome.err;
    EXPECT_THAT(outcome.err, testing::HasSubstr(test.says));
  }
}

TEST(EmulateServes, UntilItIsTerminatedAndItsCommandsArrive) {
  std::string pattern = testing::TempDir() + "wse_XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::string socket = pattern + "/s";
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::_exit(run({"--serial", "000001", "--serial", "000002", "--socket", socket, "--start-id",
                 "4000000000"})
                .exit_code);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  Outcome outcome{3, "", ""};
  while (outcome.exit_code != 0 && std::chrono::steady_clock::now() < deadline) {
    outcome = run({"--send", "counter", "--socket", socket, "--serial", "000002"});
    if (outcome.exit_code != 0) std::this_thread::yield();
  }
  EXPECT_GE(std::stoull(outcome.out), 4'000'000'000U);
  EXPECT_EQ(run({"--send", "lose 21", "--socket", socket, "--serial", "000002"}).out, "ok\n");
  EXPECT_EQ(run({"--send", "lose x", "--socket", socket, "--serial", "000002"}).exit_code, 2);
  EXPECT_EQ(run({"--serial", "a", "--socket", socket}).exit_code, 1) << "it is served already";
  ASSERT_EQ(::kill(child, SIGTERM), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(std::filesystem::exists(socket));
  std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace agent
