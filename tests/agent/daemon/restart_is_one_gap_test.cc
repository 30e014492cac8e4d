// SPDX-License-Identifier: Apache-2.0
// Between two lives of the daemon an instrument counts on: each of its ids is in one row or in one
// gap event, and the streams are chained.
#include <algorithm>

#include "tests/agent/daemon/daemon_bench.h"

namespace agent {
namespace {

struct Span {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

class DaemonRestart : public DaemonBench {
 protected:
  // Spans of rows and of gap events of one lane; the ids that they account for.
  struct Account {
    std::vector<Span> spans;
    std::uint64_t ids = 0;
  };
  Account account(proto::Lane lane) const {
    Account found;
    for (const buffer::Row& row : rows(lane)) {
      const buffer::RowFacts& facts = row.meta.facts;
      found.spans.push_back({facts.id_first.value(), facts.id_last.value()});
      found.ids += facts.id_count;
    }
    for (const auto& gap : events("gap")) {
      if (!gap["lane"].is_null() && gap["lane"] != std::string(proto::to_string(lane))) continue;
      EXPECT_FALSE(gap["sample_id_first"].is_null()) << gap;
      const Span span = {gap["sample_id_first"], gap["sample_id_last"]};
      found.spans.push_back(span);
      found.ids += span.last - span.first + 1;
    }
    return found;
  }
};

TEST_F(DaemonRestart, EveryIdIsInARowOrInAGap) {
  plug_in({"000001"});
  configure({"000001"});
  start();
  ASSERT_TRUE(wait_for_values(30'000));
  ASSERT_TRUE(stop());
  start();
  ASSERT_TRUE(wait_for_values(30'000));
  ASSERT_TRUE(stop());

  for (const proto::Lane lane : {proto::Lane::kTelemetry, proto::Lane::kWaveform}) {
    Account account = this->account(lane);
    std::ranges::sort(account.spans, {}, &Span::first);
    ASSERT_GE(account.spans.size(), 3U);
    std::uint64_t end = account.spans.front().last;
    for (const Span& span : account.spans) {
      EXPECT_LE(span.first, end + 1) << "a hole in " << proto::to_string(lane);
      end = std::max(end, span.last);
    }
    EXPECT_EQ(account.ids, end - account.spans.front().first + 1)
        << "an id twice or never in " << proto::to_string(lane);
  }
  const auto gaps = events("gap");
  EXPECT_TRUE(std::ranges::any_of(gaps, [](const auto& gap) {
    return gap["gap_reason"] == "restart" && gap["samples_lost"] > 0;
  }));
}

TEST_F(DaemonRestart, StreamsAreChained) {
  configure({});
  start();
  ASSERT_TRUE(stop());
  const std::size_t before = events().size();
  start();
  ASSERT_TRUE(stop());
  const auto started = events("agent_started");
  ASSERT_EQ(started.size(), 2U);
  EXPECT_TRUE(started[0]["previous_stream"].is_null());
  EXPECT_EQ(started[1]["previous_stream"], started[0]["stream"]);
  EXPECT_EQ(started[1]["previous_last_sequence"]["event"], before);
}

TEST_F(DaemonRestart, ARunGoesOn) {
  plug_in({"000001"});
  configure({"000001"});
  start();
  ASSERT_TRUE(wait_for_values(1'000));
  ASSERT_EQ(run("", start_of("t-1"))["ok"], true);
  ASSERT_TRUE(wait_for_more_values());
  ASSERT_EQ(run("", NextStep{})["run"]["step_number"], 2);
  ASSERT_TRUE(stop());
  start();
  ASSERT_TRUE(wait_for_values(1'000));
  const auto run = status()["instruments"][0]["run"];
  EXPECT_EQ(run["test_id"], "t-1");
  EXPECT_EQ(run["state"], "running");
  EXPECT_EQ(run["step_number"], 2);
  EXPECT_EQ(this->run("", StopRun{})["ok"], true);
  EXPECT_TRUE(stop());
}

}  // namespace
}  // namespace agent
