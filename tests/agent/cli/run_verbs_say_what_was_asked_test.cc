// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/pipeline/pipeline_errc.h"
#include "tests/agent/cli/cli_fixture.h"

namespace agent {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Run : public CliTest {
 protected:
  FakeDaemon::Answer accept() {
    return [](const ControlRequest&) {
      RunReply reply;
      reply.device_id = "js220-001234";
      reply.test_id = "t-0001";
      reply.state = "running";
      reply.step_number = 2;
      reply.record_number = proto::RecordNumber(17);
      reply.utc_us = 1'795'000'000'000'000;
      return run_reply_json(reply);
    };
  }
  template <class Command>
  static Command command_of(const FakeDaemon& daemon) {
    return std::get<Command>(std::get<RunRequest>(daemon.requests().back()).command);
  }
};

TEST_F(Run, StartCarriesEveryOption) {
  const FakeDaemon daemon(socket, accept());
  ASSERT_EQ(ask({"run",         "start",       "js220/001234", "--test-id",   "t-0001",
                 "--recipe-id", "r-1",         "--recipe",     "cold soak",   "--part-id",
                 "p-9",         "--part",      "cell A",       "--algorithm", "bms",
                 "--label",     "shift=night", "--label",      "note=a=b",    "--algorithm-version",
                 "2.1"}),
            0)
      << err;
  EXPECT_EQ(std::get<RunRequest>(daemon.requests().back()).instrument, "js220/001234");
  const auto start = command_of<StartRun>(daemon);
  EXPECT_EQ(start.test_id, "t-0001");
  EXPECT_EQ(start.recipe_id, "r-1");
  EXPECT_EQ(start.recipe, "cold soak");
  EXPECT_EQ(start.part_id, "p-9");
  EXPECT_EQ(start.part, "cell A");
  EXPECT_EQ(start.algorithm, "bms");
  EXPECT_EQ(start.algorithm_version, "2.1");
  EXPECT_EQ(start.labels, (proto::Labels{{"shift", "night"}, {"note", "a=b"}}));
  EXPECT_THAT(out, HasSubstr("js220-001234: run t-0001 started at 2026-11-18T11:06:40"));
}

TEST_F(Run, LabelDoesNotSwallowTheInstrument) {
  const FakeDaemon daemon(socket, accept());
  ASSERT_EQ(ask({"run", "start", "--label", "a=1", "js220/001234"}), 0) << err;
  EXPECT_EQ(std::get<RunRequest>(daemon.requests().back()).instrument, "js220/001234");
}

TEST_F(Run, MarkHasAMessageAndAValue) {
  const FakeDaemon daemon(socket, accept());
  ASSERT_EQ(ask({"run", "mark", "step", "--value", "-1.5"}), 0) << err;
  const auto mark = command_of<MarkRun>(daemon);
  EXPECT_EQ(mark.message, "step");  // a word that is also a verb
  EXPECT_EQ(mark.value, -1.5);
}

TEST_F(Run, StepTypesHaveTheirNumbers) {
  const FakeDaemon daemon(socket, accept());
  for (const auto& [word, name, id] :
       {std::tuple{"rest", "Rest", 0}, {"CHARGE", "Charge", 1}, {"discharge", "Discharge", 2}}) {
    ASSERT_EQ(ask({"run", "step", "--type", word}), 0) << err;
    const auto step = command_of<NextStep>(daemon);
    ASSERT_TRUE(step.type);
    EXPECT_EQ(step.type->name, name);
    EXPECT_EQ(step.type->id, id);
  }
  ASSERT_EQ(ask({"run", "step", "--type", "Formation", "--type-id", "100"}), 0) << err;
  EXPECT_EQ(command_of<NextStep>(daemon).type->id, 100);
  ASSERT_EQ(ask({"run", "step"}), 0) << err;
  EXPECT_FALSE(command_of<NextStep>(daemon).type);
  EXPECT_THAT(out, HasSubstr("step 2, cycle 1 began"));
}

TEST_F(Run, StopAndCycle) {
  const FakeDaemon daemon(socket, accept());
  ASSERT_EQ(ask({"run", "stop"}), 0) << err;
  command_of<StopRun>(daemon);
  EXPECT_THAT(out, HasSubstr("run t-0001 stopped, 17 records"));
  ASSERT_EQ(ask({"run", "cycle"}), 0) << err;
  command_of<NextCycle>(daemon);
}

TEST_F(Run, JsonIsTheDaemonsAnswer) {
  const FakeDaemon daemon(socket, accept());
  ASSERT_EQ(ask({"run", "start", "--json"}), 0) << err;
  const json document = json::parse(out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["run"]["test_id"], "t-0001");
}

TEST_F(Run, RefusalIsTheDaemonsSentenceAndExitCodeOne) {
  for (const auto& [code, word, sentence] :
       {std::tuple{PipelineErrc::kAlreadyRunning, "already_running",
                   "a run is open on this device; stop it first (wattspool run stop)"},
        {PipelineErrc::kNoRun, "no_run",
         "no run is open on this device; start one first (wattspool run start)"},
        {PipelineErrc::kTestIdUsed, "test_id_used",
         "this test id was used before; choose another, or none to get one suggested"}}) {
    const FakeDaemon daemon(socket, [&, refusal = code](const ControlRequest&) {
      return error_reply_json({make_error_code(refusal), "run on js220-001234"});
    });
    EXPECT_EQ(ask({"run", "start", "--json"}), 1);
    EXPECT_THAT(err, HasSubstr(std::string("wattspool: run on js220-001234: ") + sentence));
    EXPECT_EQ(json::parse(out)["error"]["code"], word);
  }
}

TEST_F(Run, AbsentDaemonIsNotARefusal) {
  EXPECT_EQ(ask({"run", "stop"}), 3);
  EXPECT_THAT(err, HasSubstr("sudo systemctl start wattspoold"));
}

TEST_F(Run, GarbageForAnAnswerIsAFailure) {
  for (const char* garbage : {"[1,2]", "\"ok\"", "{}", "{\"ok\":true,\"run\":{}}", "nonsense"}) {
    const FakeDaemon daemon(socket, [&](const ControlRequest&) { return garbage; });
    const int code = ask({"run", "stop"});
    EXPECT_EQ(code, std::string(garbage).find("true") == std::string::npos ? 1 : 0) << garbage;
  }
}

}  // namespace
}  // namespace agent
