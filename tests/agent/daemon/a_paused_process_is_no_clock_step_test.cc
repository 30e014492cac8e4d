// SPDX-License-Identifier: Apache-2.0
// wattspoold is stopped for 6 s, as a debugger or a starved host does it: what the instrument could
// not hold is one loss with its ids, and nobody has stepped the clock.
#include <signal.h>

#include <thread>

#include "agent/control/control_client.h"
#include "tests/agent/daemon/daemon_bench.h"
#include "tests/agent/daemon/daemon_process.h"

namespace agent {
namespace {

class WattspooldPaused : public DaemonBench {};

TEST_F(WattspooldPaused, LosesIdsAndStepsNoClock) {
  plug_in({"000001"}, 1.0);
  configure({"000001"});
  DaemonProcess process({"--config", path("conf.toml")}, path("log"));
  ASSERT_TRUE(wait_for([&] {
    return control_call(path("control.sock"), StatusRequest{}, std::chrono::seconds(1)).has_value();
  })) << process.output();
  ASSERT_TRUE(wait_for_values(200'000));
  process.signal(SIGSTOP);
  std::this_thread::sleep_for(std::chrono::seconds(6));  // the pause itself
  process.signal(SIGCONT);
  const auto lost = [&] {
    return status()["instruments"][0]["values_lost_total"].get<std::uint64_t>();
  };
  ASSERT_TRUE(wait_for([&] { return lost() > 3'000'000; }));
  ASSERT_TRUE(wait_for_more_values());
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << process.output();
  EXPECT_TRUE(events("clock_step").empty());
  for (const auto& gap : events("gap")) {
    EXPECT_EQ(gap["gap_reason"], "usb_loss") << gap;
    EXPECT_FALSE(gap["sample_id_first"].is_null()) << gap;
  }
}

}  // namespace
}  // namespace agent
