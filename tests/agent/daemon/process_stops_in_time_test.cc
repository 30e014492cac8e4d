// SPDX-License-Identifier: Apache-2.0
// SIGTERM ends wattspoold within 5 s with everything on disk; SIGHUP reloads what it can and says
// what needs a restart.
#include <gmock/gmock.h>
#include <signal.h>

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

}  // namespace
}  // namespace agent
