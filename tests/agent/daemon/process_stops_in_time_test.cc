// SPDX-License-Identifier: Apache-2.0
// SIGTERM ends wattspoold within 5 s with everything on disk; SIGHUP reloads what it can and says
// what needs a restart.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "agent/control/control_client.h"
#include "tests/agent/daemon/daemon_bench.h"
#include "tests/agent/daemon/daemon_process.h"

namespace agent {
namespace {

using testing::HasSubstr;

class WattspooldStops : public DaemonBench {
 protected:
  bool listens() const {
    return control_call(path("control.sock"), StatusRequest{}, std::chrono::seconds(1)).has_value();
  }
};

TEST_F(WattspooldStops, WithinFiveSecondsAndEverythingOnDisk) {
  plug_in({"000001", "000002"});
  configure({"000001", "000002"});
  DaemonProcess process({"--config", path("conf.toml")}, path("log"));
  ASSERT_TRUE(wait_for([&] { return listens(); })) << process.output();
  ASSERT_TRUE(wait_for_values(20'000));
  const std::int64_t begin_ns = clock_.monotonic_ns();
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << process.output();
  EXPECT_LT(clock_.monotonic_ns() - begin_ns, 5'000'000'000);
  EXPECT_THAT(process.output(), HasSubstr("wattspoold stopped"));
  EXPECT_EQ(events("agent_stopped").size(), 1U);
  EXPECT_TRUE(events("gap").empty());
  // Both lanes end at the same id: nothing was left in memory.
  for (const std::string device : {"js220-000001", "js220-000002"}) {
    proto::SampleId telemetry_end;
    proto::SampleId waveform_end;
    for (const auto& row : rows(proto::Lane::kTelemetry)) {
      if (row.meta.facts.device_id == device) telemetry_end = row.meta.facts.id_last;
    }
    for (const auto& row : rows(proto::Lane::kWaveform)) {
      if (row.meta.facts.device_id == device) waveform_end = row.meta.facts.id_last;
    }
    EXPECT_EQ(telemetry_end, waveform_end);
    EXPECT_GT(telemetry_end.value(), 40'000U);
  }
}

TEST_F(WattspooldStops, AndStartsAgainAfterAKill) {
  plug_in({"000001"});
  configure({"000001"});
  {
    DaemonProcess process({"--config", path("conf.toml")}, path("log"));
    ASSERT_TRUE(wait_for([&] { return listens(); })) << process.output();
    ASSERT_TRUE(wait_for_values(20'000));
  }  // killed
  DaemonProcess process({"--config", path("conf.toml")}, path("log"));
  ASSERT_TRUE(wait_for([&] { return listens(); })) << process.output();
  ASSERT_TRUE(wait_for([&] { return !events("gap").empty(); }));
  EXPECT_EQ(events("gap").front()["gap_reason"], "restart");
  process.signal(SIGINT);
  EXPECT_EQ(process.wait(), 0) << process.output();
}

TEST_F(WattspooldStops, AndReloadsOnlyWhatItCan) {
  configure({});
  DaemonProcess process({"--config", path("conf.toml")}, path("log"));
  ASSERT_TRUE(wait_for([&] { return listens(); })) << process.output();
  configure({}, "log.level = \"error\"\nlog.levl = \"x\"");
  process.signal(SIGHUP);
  ASSERT_TRUE(process.wait_for_output("reload refused, nothing changed")) << process.output();
  EXPECT_THAT(process.output(), HasSubstr("log.levl"));
  configure({}, "log.format = \"json\"\nspool.commit_interval = \"200ms\"");
  process.signal(SIGHUP);
  ASSERT_TRUE(process.wait_for_output("\"message\":\"configuration reloaded\""))
      << process.output();
  ASSERT_TRUE(wait_for([&] { return !status()["restart_needed"].empty(); }));
  EXPECT_EQ(status()["restart_needed"][0], "spool.commit_interval");
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << process.output();
}

// No broker is there: what is read and refused is the same.
TEST_F(WattspooldStops, AndReloadsCredentialsAndSaysWhenItCannot) {
  const auto use = [&](const std::string& user) {
    configure({},
              "[kafka]\nbrokers = [\"127.0.0.1:1\"]\n[kafka.security]\nprotocol = "
              "\"sasl_plaintext\"\nsasl_mechanism = \"PLAIN\"\npassword_file = \"" +
                  path("password") + "\"\nusername = \"" + user + "\"\n");
  };
  write("password", "one\n");
  ASSERT_EQ(::chmod(path("password").c_str(), 0600), 0);
  use("first");
  DaemonProcess process({"--config", path("conf.toml")}, path("log"));
  ASSERT_TRUE(wait_for([&] { return listens(); })) << process.output();
  use("second");
  process.signal(SIGHUP);
  ASSERT_TRUE(process.wait_for_output("configuration reloaded")) << process.output();
  EXPECT_TRUE(status()["restart_needed"].empty());
  EXPECT_EQ(status()["reload_error"], "");
  std::filesystem::remove(path("password"));
  process.signal(SIGHUP);
  ASSERT_TRUE(process.wait_for_output("reload refused, nothing changed")) << process.output();
  EXPECT_THAT(status()["reload_error"].get<std::string>(),
              HasSubstr("kafka.security.password_file: read secret"));
  write("password", "secret two\n");
  ASSERT_EQ(::chmod(path("password").c_str(), 0600), 0);
  process.signal(SIGHUP);
  EXPECT_TRUE(wait_for([&] { return status()["reload_error"] == ""; })) << process.output();
  EXPECT_EQ(process.output().find("secret two"), std::string::npos);
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << process.output();
}

}  // namespace
}  // namespace agent
