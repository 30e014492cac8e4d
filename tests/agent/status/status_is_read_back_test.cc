// SPDX-License-Identifier: Apache-2.0
// The CLI reads the status of a daemon that may be newer, or of a file that somebody spoilt: what
// makes no sense is left out, and what was read can be written again.
#include <gtest/gtest.h>

#include <string>

#include "agent/status/status_json.h"

namespace agent {
namespace {

constexpr std::int64_t kStartUtcUs = 1'790'000'000'123'456;

std::string with(const std::string& members) {
  return R"({"schema":1,"agent_id":"bench-07",)" + members + "}";
}

TEST(StatusReadBack, IsWhatWasWritten) {
  AgentStatus status;
  status.agent_id = "bench-07";
  status.pid = 4711;
  status.started_utc_us = kStartUtcUs;
  status.uptime_s = 1.5;
  status.instruments.emplace_back().id = {"js220", "001234"};
  status.instruments[0].pipeline.values_total = 1'000'000'000'000;
  status.instruments[0].pipeline.last_gap_utc_us = kStartUtcUs + 1;
  status.spool.writer.totals.lanes[proto::Lane::kEvent].unacked_rows = 7;
  status.spool.writer.totals.disk_full = true;
  status.spool.last_evicted_unacked_utc_us = kStartUtcUs + 2;
  const std::string text = status_to_json(status);
  const auto read = status_from_json(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->pid, 4711);
  EXPECT_TRUE(read->spool.writer.totals.disk_full);
  EXPECT_EQ(read->spool.last_evicted_unacked_utc_us, kStartUtcUs + 2);
  EXPECT_EQ(read->started_utc_us, kStartUtcUs);
  EXPECT_EQ(read->instruments.at(0).pipeline.values_total, 1'000'000'000'000u);
  EXPECT_EQ(read->instruments[0].pipeline.last_gap_utc_us, kStartUtcUs + 1);
  EXPECT_EQ(status_to_json(*read), text);
}

TEST(StatusReadBack, ATimeThatMakesNoSenseIsNone) {
  for (const char* time :
       {"", "yesterday", "99999-01-01T00:00:00.000000Z", "-001-01-01T00:00:00.000000Z",
        "2026-13-01T00:00:00.000000Z", "2026-00-01T00:00:00.000000Z", "2026-01-01T24:00:00.000000Z",
        "2026-01-01T00:00:00.000000", "2026-01-01T00:00:00Z",
        "2147483647-01-01T00:00:00.000000Z"}) {
    SCOPED_TRACE(time);
    const auto read = status_from_json(with("\"started_at\":\"" + std::string(time) + "\""));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->started_utc_us, 0);
    EXPECT_TRUE(status_from_json(status_to_json(*read)));
  }
}

TEST(StatusReadBack, ANumberThatDoesNotFitIsLeftOut) {
  for (const char* number : {"1e300", "-1e300", "99999999999999999999999", "4294967296000"}) {
    const auto read = status_from_json(with("\"pid\":" + std::string(number)));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->pid, 0) << number;
  }
  const auto read = status_from_json(with(
      R"("pid":5.0,"instruments":[{"instrument":"js220/1","values_total":-1,"gaps_total":1e3}])"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->pid, 5);
  EXPECT_EQ(read->instruments.at(0).pipeline.values_total, 0u);
  EXPECT_EQ(read->instruments[0].pipeline.gaps_total, 1000u);
}

}  // namespace
}  // namespace agent
