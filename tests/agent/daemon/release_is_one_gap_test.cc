// SPDX-License-Identifier: Apache-2.0
// The pause of `wattspool release` is one gap a lane, with its reason and its exact ids where the
// instrument counted on, and a replug is one with the reason disconnect.
#include <algorithm>
#include <map>

#include "tests/agent/daemon/daemon_bench.h"

namespace agent {
namespace {

class DaemonOutage : public DaemonBench {
 protected:
  std::string state() const { return status()["instruments"][0]["state"]; }
  // Gap events by reason and lane, "-" for all lanes.
  std::map<std::string, int> gaps() const {
    std::map<std::string, int> counted;
    for (const auto& gap : events("gap")) {
      const std::string lane = gap["lane"].is_null() ? "-" : gap["lane"].get<std::string>();
      ++counted[gap["gap_reason"].get<std::string>() + " " + lane];
    }
    return counted;
  }
  const std::map<std::string, int> one_of(const std::string& reason) const {
    return {{reason + " telemetry", 1}, {reason + " waveform", 1}};
  }
};

TEST_F(DaemonOutage, OfAReleaseIsOneGap) {
  plug_in({"000001"});
  configure({"000001"});
  start();
  ASSERT_TRUE(wait_for_values(20'000));
  ASSERT_EQ(ask(HoldRequest{"", ReleaseDevice{}})["ok"], true);
  EXPECT_EQ(state(), "released");
  ASSERT_EQ(ask(HoldRequest{"", ClaimDevice{}})["ok"], true);
  ASSERT_TRUE(wait_for([&] { return state() == "streaming"; }));
  ASSERT_TRUE(wait_for([&] { return status()["instruments"][0]["gaps_total"] == 2; }));
  ASSERT_TRUE(wait_for_more_values());
  EXPECT_TRUE(stop());
  EXPECT_EQ(gaps(), one_of("released"));
  for (const auto& gap : events("gap")) {
    EXPECT_FALSE(gap["sample_id_first"].is_null()) << "the instrument counted on";
    EXPECT_GT(gap["samples_lost"], 0);
    EXPECT_EQ(gap["segment"], 1);
    EXPECT_EQ(gap["device_id"], "js220-000001");
  }
  const auto lost = events("device_lost");
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0]["message"], "js220/000001: released to other programs");
}

TEST_F(DaemonOutage, OfAReplugIsOneGapUnderTheSameDevice) {
  plug_in({"000001"});
  configure({"000001"});
  start();
  ASSERT_TRUE(wait_for_values(20'000));
  unplug();
  ASSERT_TRUE(wait_for([&] { return state() == "absent"; }));
  plug_in({"000001"});  // another life of its counter
  ASSERT_TRUE(wait_for([&] { return state() == "streaming"; }));
  ASSERT_TRUE(wait_for([&] { return status()["instruments"][0]["gaps_total"] == 2; }));
  ASSERT_TRUE(wait_for_more_values());
  EXPECT_TRUE(stop());
  EXPECT_EQ(gaps(), one_of("disconnect"));
  for (const auto& gap : events("gap")) {
    EXPECT_TRUE(gap["sample_id_first"].is_null());
    EXPECT_GT(gap["duration__s"].get<double>(), 0);
    EXPECT_GT(gap["duration_uncertainty__s"].get<double>(), 0);
    EXPECT_EQ(gap["device_id"], "js220-000001");
  }
}

}  // namespace
}  // namespace agent
