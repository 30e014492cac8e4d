// SPDX-License-Identifier: Apache-2.0
// Run commands over the control socket: what is done, and the word for what is not.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/agent/daemon/daemon_bench.h"

namespace agent {
namespace {

class DaemonCommands : public DaemonBench {
 protected:
  static std::string word(const nlohmann::json& answer) {
    EXPECT_EQ(answer["ok"], false) << answer;
    return answer["error"]["code"];
  }
};

TEST_F(DaemonCommands, OfARun) {
  plug_in({"000001", "000002"});
  configure({"000001", "000002"});
  start();
  ASSERT_TRUE(wait_for_values(1'000));
  const auto started = run("js220/000001", start_of("t-1"));
  ASSERT_EQ(started["ok"], true) << started;
  EXPECT_EQ(started["run"]["test_id"], "t-1");
  EXPECT_EQ(started["run"]["state"], "running");
  EXPECT_EQ(run("js220-000001", MarkRun{"lamp on", {}})["ok"], true);
  ASSERT_TRUE(wait_for_more_values());
  EXPECT_EQ(run("js220-000001", NextCycle{})["run"]["cycle_number"], 2);
  EXPECT_EQ(word(run("js220/000001", start_of("t-2"))), "already_running");
  EXPECT_EQ(word(run("js220/000002", StopRun{})), "no_run");
  EXPECT_EQ(run("js220/000001", StopRun{})["run"]["state"], "stopped");
  EXPECT_EQ(word(run("js220/000001", start_of("t-1"))), "test_id_used");
  EXPECT_EQ(word(run("js220/000009", StopRun{})), "unknown_instrument");
  EXPECT_EQ(word(run("", StopRun{})), "unknown_instrument") << "there are two";
  EXPECT_TRUE(stop());
  const auto marks = events("marker");
  ASSERT_EQ(marks.size(), 1U);
  EXPECT_EQ(marks[0]["message"], "lamp on");
  EXPECT_EQ(marks[0]["test_id"], "t-1");
}

TEST_F(DaemonCommands, AreAnsweredWhileTheInstrumentIsAbsent) {
  configure({"000001"});
  start();
  ASSERT_TRUE(wait_for([&] { return status()["instruments"][0]["state"] == "absent"; }));
  EXPECT_EQ(word(run("", StopRun{})), "no_run");
  EXPECT_TRUE(stop());
}

TEST_F(DaemonCommands, AnswerThatNoInstrumentIsConfigured) {
  configure({});
  start();
  const auto answer = run("", StopRun{});
  EXPECT_EQ(word(answer), "unknown_instrument");
  EXPECT_THAT(answer["error"]["message"], testing::HasSubstr("there is none"));
}

}  // namespace
}  // namespace agent
