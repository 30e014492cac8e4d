// SPDX-License-Identifier: Apache-2.0
// Whatever keeps an instrument from streaming is a state with a sentence and a remedy in the
// status, and one line in the log, however often it is tried.
#include <gmock/gmock.h>

#include <tuple>

#include "tests/agent/daemon/daemon_bench.h"
#include "tests/agent/daemon/scripted_driver.h"

namespace agent {
namespace {

using drivers::UsbErrc;
using testing::HasSubstr;

class DaemonStates : public DaemonBench {
 protected:
  void start_scripted() {
    configure({"000001"});
    DaemonSetup setup = this->setup();
    setup.make_driver = [this](const Settings&, const proto::Clock&, drivers::UsbBus&) {
      return std::make_unique<ScriptedDriver>(proto::InstrumentId{"js220", "000001"}, script_);
    };
    start(std::move(setup));
  }
  nlohmann::json instrument() const { return status()["instruments"][0]; }
  bool wait_for_state(const std::string& state) const {
    return wait_for([&] { return instrument()["state"] == state; });
  }
  nlohmann::json reason(const std::string& code) const {
    const auto status = this->status();
    for (const auto& reason : status["reasons"]) {
      if (reason["code"] == code) return reason;
    }
    return nullptr;
  }
  int lines_with(const std::string& text) const {
    int count = 0;
    const std::string log = log_text();
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
    return count;
  }

  DriverScript script_;
};

TEST_F(DaemonStates, EachTroubleOfAnOpeningHasItsOwn) {
  script_.fail_open(UsbErrc::kNoDevice, "open js220/000001");
  start_scripted();
  for (const auto& [code, context, state, message, remedy] :
       {std::tuple{UsbErrc::kNoDevice, "open js220/000001", "absent", "no such device", "cable"},
        std::tuple{UsbErrc::kBusy, "open js220/000001", "busy", "in use by another program",
                   "close that program"},
        std::tuple{UsbErrc::kAccess, "open js220/000001: /dev/bus/usb/001/004", "denied",
                   "/dev/bus/usb/001/004: permission denied", "60-wattspool.rules"},
        std::tuple{UsbErrc::kUpdater, "open js220/000001", "updater", "in updater mode",
                   "finish the update"},
        std::tuple{UsbErrc::kProtocol, "js220/000001 speaks protocol 2, this program speaks 1",
                   "failing", "speaks protocol 2", "unplug"}}) {
    script_.fail_open(code, context);
    ASSERT_TRUE(wait_for_state(state)) << state;
    EXPECT_THAT(instrument()["explanation"], HasSubstr(message));
    const auto reason = this->reason("instrument_" + std::string(state));
    ASSERT_FALSE(reason.is_null()) << state;
    EXPECT_EQ(reason["object"], "js220/000001");
    EXPECT_THAT(reason["message"], HasSubstr(message));
    EXPECT_THAT(reason["remedy"], HasSubstr(remedy));
  }
  script_.let_open();
  ASSERT_TRUE(wait_for_state("streaming"));
  EXPECT_EQ(instrument()["explanation"], "");
}

TEST_F(DaemonStates, AreLoggedOnceHoweverOftenItIsTried) {
  script_.fail_open(UsbErrc::kBusy, "open js220/000001");
  start_scripted();
  ASSERT_TRUE(wait_for([&] { return script_.opens >= 5; }));
  EXPECT_EQ(lines_with("instrument is busy"), 1);
  EXPECT_EQ(instrument()["opens_total"], 0);
  script_.let_open();
  ASSERT_TRUE(wait_for_state("streaming"));
  script_.is_lost = true;
  ASSERT_TRUE(wait_for([&] { return instrument()["opens_total"] == 2; }));
  EXPECT_EQ(instrument()["losses_total"], 1);
  EXPECT_TRUE(stop());
  EXPECT_EQ(lines_with("instrument is busy"), 1);
  EXPECT_EQ(lines_with("instrument is lost"), 1);
  EXPECT_EQ(lines_with("instrument streams"), 2);
}

TEST_F(DaemonStates, AReleasedDeviceIsClosedWhenTheAnswerComes) {
  start_scripted();
  ASSERT_TRUE(wait_for_state("streaming"));
  const auto released = ask(HoldRequest{"000001", ReleaseDevice{}});
  EXPECT_EQ(released["ok"], true);
  EXPECT_FALSE(script_.is_open);
  EXPECT_EQ(released["instrument"]["instrument"], "js220/000001");
  EXPECT_EQ(released["instrument"]["state"], "released");
  EXPECT_TRUE(released["instrument"]["released_until"].is_null());
  EXPECT_EQ(instrument()["state"], "released");
  EXPECT_EQ(reason("instrument_released")["remedy"], "wattspool claim js220/000001");
  const int opens = script_.opens;
  EXPECT_EQ(ask(HoldRequest{"", ReleaseDevice{}})["error"]["code"], "already_released");
  EXPECT_EQ(ask(HoldRequest{"js220/000002", ClaimDevice{}})["error"]["code"], "unknown_instrument");
  EXPECT_THAT(ask(HoldRequest{"js220/00001", ClaimDevice{}})["error"]["message"],
              HasSubstr("did you mean \"js220/000001\"?"));
  EXPECT_EQ(script_.opens, opens);
  EXPECT_EQ(ask(HoldRequest{"js220-000001", ClaimDevice{}})["ok"], true);
  ASSERT_TRUE(wait_for_state("streaming"));
  EXPECT_EQ(ask(HoldRequest{"", ClaimDevice{}})["error"]["code"], "not_released");
  EXPECT_EQ(instrument()["losses_total"], 0) << "a release is no loss";
}

TEST_F(DaemonStates, AReleaseForATimeEndsByItself) {
  start_scripted();
  ASSERT_TRUE(wait_for_state("streaming"));
  const auto released =
      ask(HoldRequest{"", ReleaseDevice{.duration = std::chrono::milliseconds(300)}});
  EXPECT_EQ(released["instrument"]["state"], "released");
  EXPECT_TRUE(released["instrument"]["released_until"].is_string());
  ASSERT_TRUE(wait_for_state("streaming"));
  EXPECT_TRUE(instrument()["released_until"].is_null());
}

TEST_F(DaemonStates, ARestartClaimsWhatWasReleased) {
  start_scripted();
  ASSERT_TRUE(wait_for_state("streaming"));
  ASSERT_EQ(ask(HoldRequest{"", ReleaseDevice{}})["ok"], true);
  EXPECT_TRUE(stop());
  start_scripted();
  EXPECT_TRUE(wait_for_state("streaming"));
}

}  // namespace
}  // namespace agent
