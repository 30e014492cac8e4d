// SPDX-License-Identifier: Apache-2.0
// An instrument that is plugged in is recorded without a word of configuration, stays known when it
// is pulled out, and goes on under the same name when it is back.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "tests/agent/daemon/daemon_bench.h"
#include "tests/agent/daemon/scripted_bus.h"

namespace agent {
namespace {

using testing::HasSubstr;

class PluggedIn : public DaemonBench {
 protected:
  void start_with_bus(const std::string& more = "", const std::vector<std::string>& on_bus = {}) {
    configure({}, more);
    std::ofstream text(path("conf.toml"), std::ios::app);
    for (const std::string& serial : on_bus) {
      text << "[[instrument]]\nid = \"js220/" + serial
           << "\"\nport = \"usb\"\ntelemetry.rate = \"20Hz\"\n";
    }
    text.close();
    DaemonSetup setup = this->setup();
    setup.make_usb = [this](const proto::Clock& clock) {
      return std::make_unique<ScriptedBus>(sockets_, clock);
    };
    start(std::move(setup));
  }
  static drivers::UsbFound found(const std::string& serial, const std::string& node = "/dev/n1") {
    drivers::UsbFound one;
    one.model = "js220";
    one.serial = serial;
    one.node = node;
    return one;
  }
  // Null: there is none of that name.
  nlohmann::json instrument(const std::string& name) const {
    const auto status = this->status();
    for (const auto& one : status["instruments"]) {
      if (one["instrument"] == name) return one;
    }
    return nullptr;
  }
  bool wait_for_state(const std::string& name, const std::string& state) const {
    return wait_for([&] {
      const auto one = instrument(name);
      return !one.is_null() && one["state"] == state;
    });
  }
  bool wait_for_reason(const std::string& code) const {
    return wait_for([&] {
      const auto status = this->status();
      return std::any_of(status["reasons"].begin(), status["reasons"].end(),
                         [&](const auto& reason) { return reason["code"] == code; });
    });
  }

  Sockets sockets_{clock_};
};

TEST_F(PluggedIn, IsDiscoveredWhileTheDaemonRuns) {
  start_with_bus();
  ASSERT_TRUE(wait_for_reason("no_instrument"));
  sockets_.plug(found("000001"));
  ASSERT_TRUE(wait_for_state("js220/000001", "streaming"));
  ASSERT_TRUE(wait_for_values(20'000));
  sockets_.plug(found("000002", "/dev/n2"));
  ASSERT_TRUE(wait_for_state("js220/000002", "streaming"));
  EXPECT_EQ(instrument("js220/000001")["discovered"], true);
  EXPECT_EQ(instrument("js220/000001")["telemetry_rate_hz"], 10.0);
  ASSERT_EQ(run("js220/000002", start_of("t-1"))["ok"], true) << "runs and commands reach it";
  ASSERT_TRUE(wait_for_values(1'000));
  EXPECT_TRUE(stop());
  EXPECT_THAT(log_text(), HasSubstr("instrument was discovered"));
  bool has_rows = false;
  for (const buffer::Row& row : rows(proto::Lane::kTelemetry)) {
    has_rows = has_rows || row.meta.facts.device_id == "js220-000001";
  }
  EXPECT_TRUE(has_rows);
}

TEST_F(PluggedIn, StaysAbsentWhenPulledOutAndGoesOnWhenItIsBack) {
  sockets_.plug(found("000001"));
  start_with_bus();
  ASSERT_TRUE(wait_for_state("js220/000001", "streaming"));
  ASSERT_TRUE(wait_for_values(10'000));
  sockets_.pull("000001");
  ASSERT_TRUE(wait_for_state("js220/000001", "absent"));
  sockets_.plug(found("000001", "/dev/n9"));
  ASSERT_TRUE(wait_for_state("js220/000001", "streaming"));
  ASSERT_TRUE(wait_for([&] { return instrument("js220/000001")["gaps_total"] == 2; }));
  EXPECT_TRUE(stop());
  for (const auto& gap : events("gap")) {
    EXPECT_EQ(gap["gap_reason"], "disconnect");
    EXPECT_EQ(gap["device_id"], "js220-000001");
    EXPECT_FALSE(gap["sample_id_first"].is_null()) << "this one counted on";
  }
}

TEST_F(PluggedIn, IsOneInstrumentWhenItIsConfiguredToo) {
  sockets_.plug(found("000001"));
  start_with_bus("", {"000001"});
  ASSERT_TRUE(wait_for_state("js220/000001", "streaming"));
  sockets_.plug(found("000002", "/dev/n2"));
  ASSERT_TRUE(wait_for_state("js220/000002", "streaming"));
  EXPECT_EQ(status()["instruments"].size(), 2U);
  EXPECT_EQ(instrument("js220/000001")["discovered"], false);
  EXPECT_EQ(instrument("js220/000001")["telemetry_rate_hz"], 20.0) << "its own settings count";
}

TEST_F(PluggedIn, IsLeftAloneWhenDiscoveryIsOffOrItsSerialIsNotListed) {
  sockets_.plug(found("000001"));
  sockets_.plug(found("000002", "/dev/n2"));
  start_with_bus("usb.serials = [\"000002\"]");
  ASSERT_TRUE(wait_for_state("js220/000002", "streaming"));
  EXPECT_TRUE(instrument("js220/000001").is_null());
  EXPECT_TRUE(stop());
  start_with_bus("usb.discover = \"off\"", {"000001"});
  ASSERT_TRUE(wait_for_state("js220/000001", "streaming"));
  EXPECT_TRUE(instrument("js220/000002").is_null());
}

TEST_F(PluggedIn, WhatCannotBeReadIsNamedOnce) {
  start_with_bus();
  sockets_.plug(found("000001", "/dev/n1"));
  ASSERT_TRUE(wait_for_state("js220/000001", "streaming"));
  sockets_.plug(found("000001", "/dev/n2"));
  sockets_.plug(found("no good", "/dev/n3"));
  ASSERT_TRUE(wait_for_reason("usb_serial_twice"));
  ASSERT_TRUE(wait_for_reason("usb_serial_unusable"));
  EXPECT_EQ(instrument("js220/000001")["state"], "streaming") << "that one goes on";
  sockets_.fail_scans(proto::Error{make_error_code(drivers::UsbErrc::kIo), "list devices"});
  ASSERT_TRUE(wait_for_reason("usb_bus_unreadable"));
  EXPECT_TRUE(stop());
  const std::string log = log_text();
  EXPECT_EQ(log.find("usb_serial_twice"), log.rfind("usb_serial_twice"));
}

TEST_F(PluggedIn, AnUpdaterIsShownAndReadWhenItIsDone) {
  drivers::UsbFound updater = found("000001");
  updater.updater = true;
  sockets_.plug(updater);
  start_with_bus();
  ASSERT_TRUE(wait_for([&] { return !instrument("js220/000001").is_null(); }));
  EXPECT_NE(instrument("js220/000001")["state"], "streaming");
  sockets_.pull("000001");
  sockets_.plug(found("000001"));
  ASSERT_TRUE(wait_for_state("js220/000001", "streaming"));
}

}  // namespace
}  // namespace agent
