// SPDX-License-Identifier: Apache-2.0
// What instruments measure is on disk, with a broker or without, and the status says so.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/agent/daemon/daemon_bench.h"

namespace agent {
namespace {

using testing::HasSubstr;

class DaemonAcquires : public DaemonBench {};

TEST_F(DaemonAcquires, FromTwoInstrumentsWithoutABroker) {
  plug_in({"000001", "000002"});
  configure({"000001", "000002"});
  start();
  ASSERT_TRUE(wait_for_values(50'000));
  const auto status = this->status();
  EXPECT_EQ(status["schema"], 1);
  EXPECT_EQ(status["agent_id"], "bench-1");
  EXPECT_EQ(status["health"], "degraded");
  EXPECT_EQ(status["reasons"][0]["code"], "no_broker_configured");
  ASSERT_EQ(status["instruments"].size(), 2U);
  for (const auto& instrument : status["instruments"]) {
    EXPECT_EQ(instrument["state"], "streaming");
    EXPECT_EQ(instrument["float_signals"], 2);
    EXPECT_EQ(instrument["value_rate_hz"], 1e6);
    EXPECT_EQ(instrument["telemetry_rate_hz"], 10.0);
    EXPECT_EQ(instrument["waveform_rate"], "1kHz");
    EXPECT_EQ(instrument["memory_bytes_max"], 8 << 20);
    EXPECT_EQ(instrument["opens_total"], 1);
    EXPECT_EQ(instrument["run"]["state"], "idle");
    EXPECT_NE(instrument["firmware"], "");
  }
  EXPECT_EQ(status["kafka"]["state"], "no broker configured");
  EXPECT_EQ(status["kafka"]["delivery"], "exactly_once");
  EXPECT_TRUE(stop());
  EXPECT_FALSE(std::filesystem::exists(path("status.json")));
  EXPECT_FALSE(std::filesystem::exists(path("control.sock")));

  for (const proto::Lane lane : {proto::Lane::kTelemetry, proto::Lane::kWaveform}) {
    for (const std::string device : {"js220-000001", "js220-000002"}) {
      std::uint64_t ids = 0;
      for (const buffer::Row& row : rows(lane)) {
        if (row.meta.facts.device_id == device) ids += row.meta.facts.id_count;
      }
      EXPECT_GE(ids, 100'000U) << device << " " << proto::to_string(lane);
    }
  }
  const auto events = this->events();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front()["event_type"], "agent_started") << "first record of the stream";
  EXPECT_EQ(events.back()["event_type"], "agent_stopped");
  EXPECT_EQ(this->events("device_connected").size(), 2U);
  EXPECT_THAT(log_text(), HasSubstr("instrument streams"));
  EXPECT_THAT(log_text(), HasSubstr("spool created"));
}

TEST_F(DaemonAcquires, RunsWithNothingToAcquire) {
  configure({}, "usb.discover = \"off\"");
  start();
  const auto status = this->status();
  std::vector<std::string> codes;
  for (const auto& reason : status["reasons"]) codes.push_back(reason["code"]);
  EXPECT_THAT(codes,
              testing::UnorderedElementsAre("no_instrument_configured", "no_broker_configured"));
  EXPECT_TRUE(wait_for([&] { return std::filesystem::exists(path("status.json")); }));
  EXPECT_TRUE(stop());
  EXPECT_THAT(log_text(), HasSubstr("no instrument is configured"));
  EXPECT_THAT(log_text(), HasSubstr("no broker is configured"));
}

TEST_F(DaemonAcquires, SendsItsOwnRecordOnceAMinute) {
  configure({});
  start();
  std::vector<buffer::LatestValue> values;
  ASSERT_TRUE(wait_for([&] {
    auto reader = buffer::SpoolReader::open(path("spool.db"));
    auto unsent = (*reader)->unsent_latest(10);
    if (unsent) values = *unsent;
    return !values.empty();
  }));
  EXPECT_TRUE(stop());
  ASSERT_EQ(values.size(), 1U);
  EXPECT_EQ(values[0].topic, "bench.agent.v1");
  EXPECT_EQ(values[0].key, "bench-1");
  const auto record = nlohmann::json::parse(values[0].value);
  EXPECT_EQ(record["agent_id"], "bench-1");
  EXPECT_EQ(record["state"], "degraded");
  EXPECT_GT(record["spool_bytes"], 0);
  EXPECT_EQ(record["samples_lost_total"], 0);
}

TEST_F(DaemonAcquires, AnInstrumentThatIsUnpluggedAndComesBack) {
  plug_in({"000001"});
  configure({"000001"});
  start();
  ASSERT_TRUE(wait_for_values(10'000));
  unplug();
  ASSERT_TRUE(wait_for([&] { return status()["instruments"][0]["state"] != "streaming"; }));
  plug_in({"000001"});
  ASSERT_TRUE(wait_for([&] { return status()["instruments"][0]["state"] == "streaming"; }));
  const auto instrument = status()["instruments"][0];
  EXPECT_EQ(instrument["losses_total"], 1);
  EXPECT_EQ(instrument["opens_total"], 2);
  ASSERT_TRUE(wait_for([&] { return status()["instruments"][0]["gaps_total"] > 0; }));
  EXPECT_TRUE(stop());
  EXPECT_EQ(events("device_lost").size(), 1U);
  EXPECT_THAT(log_text(), HasSubstr("instrument is lost"));
  EXPECT_THAT(log_text(), HasSubstr("values are missing"));
}

TEST_F(DaemonAcquires, OnlyOneHoldsTheSpool) {
  configure({});
  start();
  Log log(LogForm::kTerminal, LogLevel::kError, clock_);
  const auto second = Daemon::start(setup(), clock_, log);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().text(), HasSubstr(path("spool.db")));
  EXPECT_THAT(second.error().text(), HasSubstr("held by another wattspoold"));
  EXPECT_THAT(second.error().text(), HasSubstr("Try: "));
  write("conf.toml", "agent.id = \"bench-2\"\nspool.path = \"" + path("other.db") +
                         "\"\ncontrol.socket = \"" + path("control.sock") + "\"\n");
  const auto third = Daemon::start(setup(), clock_, log);
  ASSERT_FALSE(third.has_value()) << "its socket is served by the first";
  EXPECT_THAT(third.error().text(), HasSubstr("set control.socket"));
  EXPECT_EQ(status()["agent_id"], "bench-1");
}

}  // namespace
}  // namespace agent
