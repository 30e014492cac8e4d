// SPDX-License-Identifier: Apache-2.0
// `wattspool release` and `claim`: what they ask of the daemon, what they say, how they end.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/control/control_errc.h"
#include "tests/agent/cli/cli_fixture.h"

namespace agent {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Hold : public CliTest {
 protected:
  static FakeDaemon::Answer answer(const char* state, std::optional<std::int64_t> until_us = {}) {
    HoldReply reply;
    reply.id = {"js220", "001234"};
    reply.state = state;
    reply.released_until_utc_us = until_us;
    return [document = hold_reply_json(reply)](const ControlRequest&) { return document; };
  }
  static HoldRequest last(const FakeDaemon& daemon) {
    return std::get<HoldRequest>(daemon.requests().back());
  }
};

TEST_F(Hold, ReleaseGivesTheInstrumentAwayUntilItIsClaimed) {
  const FakeDaemon daemon(socket, answer("released"));
  ASSERT_EQ(ask({"release", "js220/001234"}), 0) << err;
  EXPECT_EQ(last(daemon).instrument, "js220/001234");
  EXPECT_FALSE(std::get<ReleaseDevice>(last(daemon).command).duration);
  EXPECT_EQ(out, "js220/001234: released until wattspool claim js220/001234\n");
}

TEST_F(Hold, ReleaseForATime) {
  const FakeDaemon daemon(socket, answer("released", 1'795'000'000'000'000));
  for (const auto& [text, minutes] : {std::pair{"30m", 30}, {"30min", 30}, {"0.5h", 30}}) {
    ASSERT_EQ(ask({"release", "--for", text}), 0) << err;
    EXPECT_EQ(std::get<ReleaseDevice>(last(daemon).command).duration,
              std::chrono::minutes(minutes));
  }
  EXPECT_THAT(out, HasSubstr("js220/001234: released until 2026-11-18T11:06:40"));
}

TEST_F(Hold, ClaimTakesItBack) {
  const FakeDaemon daemon(socket, answer("opening"));
  ASSERT_EQ(ask({"claim", "001234", "--json"}), 0) << err;
  EXPECT_TRUE(std::holds_alternative<ClaimDevice>(last(daemon).command));
  EXPECT_EQ(json::parse(out)["instrument"]["state"], "opening");
}

TEST_F(Hold, RefusalIsTheDaemonsSentenceAndExitCodeOne) {
  const FakeDaemon daemon(socket, [](const ControlRequest&) {
    return error_reply_json({make_error_code(ControlErrc::kAlreadyReleased), "js220/001234"});
  });
  EXPECT_EQ(ask({"release", "--json"}), 1);
  EXPECT_EQ(err, "wattspool: js220/001234: is released already; wattspool claim takes it back\n");
  EXPECT_EQ(json::parse(out)["error"]["code"], "already_released");
}

TEST_F(Hold, AbsentDaemonIsExitCodeThree) {
  EXPECT_EQ(ask({"release"}), 3);
  EXPECT_THAT(err, HasSubstr("sudo systemctl start wattspoold"));
}

TEST_F(Hold, BadDurationsAreWrongUsage) {
  for (const char* text : {"soon", "-1s", "30x", "2000d", "m"}) {
    EXPECT_EQ(ask({"release", "--for", text}), 2) << text;
  }
  EXPECT_EQ(ask({"claim", "--for", "1s"}), 2);
}

TEST_F(Hold, RequestsOfAStrangerAreChecked) {
  for (const char* line :
       {R"({"verb":"release","for_ms":-1})", R"({"verb":"release","for_ms":1e3})",
        R"({"verb":"release","for_ms":99999999999999999999})", R"({"verb":"release","for_ms":"1"})",
        R"({"verb":"claim","for_ms":1})", R"({"verb":"claim","instrument":7})"}) {
    const auto request = parse_control_request(line);
    ASSERT_FALSE(request) << line;
    EXPECT_EQ(request.error().code, ControlErrc::kInvalidField) << line;
  }
  EXPECT_TRUE(parse_control_request(R"({"verb":"release","instrument":"x","for_ms":0})"));
}

}  // namespace
}  // namespace agent
