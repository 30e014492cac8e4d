// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "agent/status/status_file.h"
#include "agent/status/status_json.h"
#include "tests/agent/cli/cli_fixture.h"

namespace agent {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

class Check : public CliTest {
 protected:
  std::string status_of(Health health) {
    AgentStatus status = healthy_status(clock);
    status.health = health;
    if (health != Health::kHealthy) {
      status.reasons = {{health, "spool_filling", "spool.db", "The spool is filling.", "wait"}};
    }
    return status_to_json(status);
  }
  // As if the broker's last ack had been so long ago.
  std::string status_acked(double ago_s) {
    AgentStatus status = healthy_status(clock);
    status.kafka.last_ack_utc_us = status.updated_utc_us - static_cast<std::int64_t>(ago_s * 1e6);
    return status_to_json(status);
  }
};

TEST_F(Check, ExitCodeIsTheHealth) {
  for (const auto& [health, code] :
       {std::pair{Health::kHealthy, 0}, {Health::kDegraded, 1}, {Health::kCritical, 2}}) {
    const FakeDaemon daemon(
        socket, [this, health = health](const ControlRequest&) { return status_of(health); });
    EXPECT_EQ(ask({"check"}), code) << err;
    EXPECT_THAT(out, StartsWith(std::string(to_string(health)) + ": "));
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
    ASSERT_EQ(ask({"check", "--json"}), code);
    const json document = json::parse(out);
    EXPECT_EQ(document["schema"], 1);
    EXPECT_EQ(document["health"], to_string(health));
    EXPECT_EQ(document["exit_code"], code);
    EXPECT_EQ(document["reasons"].size(), code == 0 ? 0u : 1u);
  }
}

TEST_F(Check, AbsentDaemonIsUnknownInOneLine) {
  EXPECT_EQ(ask({"check"}), 3);
  EXPECT_THAT(out, StartsWith("unknown: wattspoold is not running"));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
  ASSERT_EQ(ask({"check", "--json"}), 3);
  EXPECT_EQ(json::parse(out)["reasons"][0]["code"], "daemon_absent");
}

TEST_F(Check, SlowDaemonIsJudgedByAFreshFileAndAHungOneIsUnknown) {
  const FakeDaemon daemon(socket, [](const ControlRequest&) { return ""; });
  const std::string file = folder + "/status.json";
  ASSERT_TRUE(write_status_file(file, status_to_json(healthy_status(clock, 1))));
  EXPECT_EQ(ask({"check"}), 0) << out;
  ASSERT_TRUE(write_status_file(file, status_to_json(healthy_status(clock, 12))));
  EXPECT_EQ(ask({"check"}), 3);
  EXPECT_THAT(out, ContainsRegex("does not answer; its last status is from 1[2-9] s ago"));
}

TEST_F(Check, WaitEndsWhenHealthy) {
  std::atomic<int> asked{0};
  const FakeDaemon daemon(socket, [&](const ControlRequest&) {
    return status_of(++asked < 3 ? Health::kDegraded : Health::kHealthy);
  });
  EXPECT_EQ(ask({"check", "--wait", "60s"}), 0) << out;
  EXPECT_EQ(asked, 3);
}

TEST_F(Check, WaitEndsWhenItsTimeIsOver) {
  const FakeDaemon daemon(socket,
                          [&](const ControlRequest&) { return status_of(Health::kDegraded); });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ask({"check", "--wait", "400ms", "--json"}), 1);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(400));
  EXPECT_GE(json::parse(out)["waited_s"].get<double>(), 0.4);
}

TEST_F(Check, WaitIsForADaemonThatIsYetToStart) {
  EXPECT_EQ(ask({"check", "--wait", "300ms"}), 3);
  std::unique_ptr<FakeDaemon> daemon;
  std::thread start([&] {
    daemon = std::make_unique<FakeDaemon>(
        socket, [&](const ControlRequest&) { return status_of(Health::kHealthy); });
  });
  EXPECT_EQ(ask({"check", "--wait", "60"}), 0) << out;
  start.join();
}

TEST_F(Check, RequireAckWantsOneSinceTheDaemonsStart) {
  double ago_s = 7'200;  // the daemon started an hour ago
  const FakeDaemon daemon(socket, [&](const ControlRequest&) { return status_acked(ago_s); });
  EXPECT_EQ(ask({"check"}), 0) << out;
  EXPECT_EQ(ask({"check", "--require-ack", "--json"}), 1);
  EXPECT_EQ(json::parse(out)["reasons"][0]["code"], "no_ack");
  ago_s = 1'800;
  EXPECT_EQ(ask({"check", "--require-ack"}), 0) << out;
}

TEST_F(Check, RequireAckWithWaitWantsOneSinceTheBeginningOfTheWait) {
  std::atomic<int> asked{0};
  const FakeDaemon daemon(
      socket, [&](const ControlRequest&) { return status_acked(++asked < 3 ? 1'800 : 0); });
  EXPECT_EQ(ask({"check", "--wait", "60s", "--require-ack"}), 0) << out;
  EXPECT_EQ(asked, 3);
}

TEST_F(Check, RequireAckWithoutAnyAckIsDegraded) {
  const FakeDaemon daemon(socket, [&](const ControlRequest&) {
    AgentStatus status = healthy_status(clock);
    status.kafka.last_ack_utc_us.reset();
    return status_to_json(status);
  });
  EXPECT_EQ(ask({"check", "--require-ack"}), 1);
  EXPECT_THAT(out, StartsWith("degraded: The broker has acked nothing in the last 60 min"));
}

TEST_F(Check, AllowedReasonsDoNotCountAndAreToldApart) {
  const FakeDaemon daemon(socket, [&](const ControlRequest&) {
    AgentStatus status = healthy_status(clock);
    status.health = Health::kCritical;
    status.reasons = {{Health::kCritical, "losing_data", "js220/1", "It loses data.", "look"},
                      {Health::kDegraded, "recent_gap", "js220/1", "It has a gap.", "look"},
                      {Health::kDegraded, "recent_gap", "js220/2", "It has a gap.", "look"}};
    return status_to_json(status);
  });
  EXPECT_EQ(ask({"check", "--allow", "recent_gap"}), 2);
  EXPECT_EQ(ask({"check", "--allow", "losing_data"}), 1);
  EXPECT_THAT(out, StartsWith("degraded: It has a gap."));
  EXPECT_EQ(ask({"check", "--allow", "gap"}), 2) << "only whole codes";
  EXPECT_EQ(ask({"check", "--allow", "losing_data", "--allow", "recent_gap", "--json"}), 0);
  const json document = json::parse(out);
  EXPECT_EQ(document["health"], "healthy");
  EXPECT_EQ(document["reasons"].size(), 0u);
  ASSERT_EQ(document["allowed"].size(), 3u);
  EXPECT_EQ(document["allowed"][2]["object"], "js220/2");
}

TEST_F(Check, AllowedReasonsDoNotHoldUpAWait) {
  std::atomic<int> asked{0};
  const FakeDaemon daemon(socket, [&](const ControlRequest&) {
    AgentStatus status = healthy_status(clock);
    status.health = Health::kDegraded;
    status.reasons = {{Health::kDegraded, "recent_gap", "js220/1", "It has a gap.", "look"}};
    status.kafka.last_ack_utc_us = status.updated_utc_us - (++asked < 3 ? 1'800'000'000 : 0);
    return status_to_json(status);
  });
  EXPECT_EQ(ask({"check", "--wait", "60s", "--require-ack", "--allow", "recent_gap"}), 0) << out;
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace agent
