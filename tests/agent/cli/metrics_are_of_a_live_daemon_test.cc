// SPDX-License-Identifier: Apache-2.0
// What a collector of files gets is of now, or it gets nothing.
#include <gmock/gmock.h>

#include "agent/metrics/exposition.h"
#include "agent/metrics/metrics.h"
#include "agent/status/status_file.h"
#include "agent/status/status_json.h"
#include "tests/agent/cli/cli_fixture.h"

namespace agent {
namespace {

using testing::HasSubstr;

class MetricsVerb : public CliTest {};

TEST_F(MetricsVerb, PrintsWhatTheEndpointSays) {
  const AgentStatus status = healthy_status(clock);
  const FakeDaemon daemon(socket, [&](const ControlRequest&) { return status_to_json(status); });
  EXPECT_EQ(ask({"metrics"}), 0) << err;
  EXPECT_EQ(out, exposition_text(metric_families(status)));
  EXPECT_THAT(out, HasSubstr("wattspool_instrument_up{instrument=\"js220/001234\"} 1\n"));
}

TEST_F(MetricsVerb, PrintsNothingOfADaemonThatIsAway) {
  EXPECT_EQ(ask({"metrics"}), 3);
  EXPECT_EQ(out, "");
  EXPECT_THAT(err, HasSubstr("wattspoold is not running"));
}

TEST_F(MetricsVerb, PrintsNothingOldOfADaemonThatHangs) {
  const FakeDaemon daemon(socket, [](const ControlRequest&) { return ""; });
  ASSERT_TRUE(
      write_status_file(folder + "/status.json", status_to_json(healthy_status(clock, 60))));
  EXPECT_EQ(ask({"metrics"}), 3);
  EXPECT_EQ(out, "");
  EXPECT_THAT(err, HasSubstr("does not answer"));
}

}  // namespace
}  // namespace agent
