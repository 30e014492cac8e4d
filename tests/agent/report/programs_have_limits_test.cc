// SPDX-License-Identifier: Apache-2.0
// Another program is asked without a shell, and cannot keep us waiting.
#include <gtest/gtest.h>

#include "agent/report/run_program.h"

namespace agent {
namespace {

const proto::SystemClock kClock;

TEST(RunProgram, GivesWhatItSaidAndItsExitCode) {
  const auto said = run_program({"sh", "-c", "echo out; echo err >&2; exit 3"}, {}, kClock);
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_EQ(said->out, "out\n");
  EXPECT_EQ(said->err, "err\n");
  EXPECT_EQ(said->exit_code, 3);
  EXPECT_FALSE(said->cut_off);
}

TEST(RunProgram, PassesWordsAsTheyAre) {
  const auto said = run_program({"printf", "%s", "$(id) `id` 'x'"}, {}, kClock);
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_EQ(said->out, "$(id) `id` 'x'");
}

TEST(RunProgram, NamesTheOneThatIsNotThere) {
  const auto said = run_program({"no-such-program"}, {}, kClock);
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().message(), "start no-such-program: No such file or directory");
}

TEST(RunProgram, EndsOneThatTakesTooLong) {
  const auto said = run_program({"sleep", "1000"}, {.time = std::chrono::milliseconds(50)}, kClock);
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_TRUE(said->cut_off);
  EXPECT_EQ(said->exit_code, 128 + 9);
}

TEST(RunProgram, EndsOneThatSaysTooMuch) {
  const auto said = run_program({"yes"}, {.out_bytes_max = 1000}, kClock);
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_TRUE(said->cut_off);
  EXPECT_EQ(said->out.size(), 1000U);
}

}  // namespace
}  // namespace agent
