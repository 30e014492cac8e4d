// SPDX-License-Identifier: Apache-2.0
// Priority between lanes, order within one, what a record says about itself, and how much is sent
// at a time.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "proto/crc32c.h"
#include "tests/agent/forward/bench_agent.h"

namespace agent {
namespace {

using proto::Lane;

class Sending : public testing::Test {
 protected:
  void restart_with(const std::function<void(ForwarderOptions&)>& change) {
    change(agent_.options());
    agent_.start();
  }
  std::vector<std::string> topics() const {
    std::vector<std::string> names;
    for (const ModelRecord& record : cluster_.committed()) {
      if (names.empty() || names.back() != record.topic) names.push_back(record.topic);
    }
    return names;
  }
  int transactions_of(const std::function<void()>& work) {
    const auto before = cluster_.transactions();
    work();
    return static_cast<int>(cluster_.transactions() - before);
  }

  TestClock clock_;
  ModelCluster cluster_{clock_};
  BenchAgent agent_{clock_, cluster_};
};

TEST_F(Sending, HigherLanesGoFirst) {
  agent_.spool.append(Lane::kWaveform, 1, agent_.now_us());
  agent_.spool.append(Lane::kTelemetry, 2, agent_.now_us());
  agent_.spool.set_latest("bench.device.v1", "js220-000001", "{}", agent_.now_us());
  agent_.spool.append(Lane::kEvent, 1, agent_.now_us());
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(topics(),
            (std::vector<std::string>{"bench.event.v1", "bench.device.v1", "bench.telemetry.v1",
                                      "bench.waveform.v1", "bench.progress.v1"}));
}

TEST_F(Sending, NewEventsOvertakeABacklogOfWaveforms) {
  for (int i = 0; i < 40; ++i) agent_.spool.append(Lane::kWaveform, 1, agent_.now_us(), 500'000);
  ASSERT_TRUE(agent_.run_until([&] { return cluster_.transactions() == 1; }));
  agent_.spool.append(Lane::kEvent, 1, agent_.now_us());
  const int taken = transactions_of([&] {
    ASSERT_TRUE(agent_.run_until([&] { return !cluster_.of_topic("bench.event.v1").empty(); }));
  });
  EXPECT_LE(taken, 1);
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(cluster_.of_topic("bench.waveform.v1").size(), 40U);
}

TEST_F(Sending, ARecordSaysWhatItIs) {
  const auto ids = agent_.spool.append(Lane::kTelemetry, 2, agent_.now_us());
  ASSERT_TRUE(agent_.drain());
  const auto records = cluster_.of_topic("bench.telemetry.v1");
  ASSERT_EQ(records.size(), 2U);
  const ModelRecord& second = records[1];
  EXPECT_EQ(second.header("ce_id"), ids[1]);
  EXPECT_EQ(second.header("ce_sequence"), "2");
  EXPECT_EQ(second.header("ce_subject"), second.key);
  EXPECT_EQ(second.header("ce_type"), "wattspool.telemetry.v1");
  EXPECT_EQ(second.header("ce_source"), "/agents/bench-07");
  EXPECT_EQ(second.header("content-type"), "application/json");
  EXPECT_EQ(second.header("ce_delivery"), "live");
  EXPECT_EQ(second.header("ce_crc32c"),
            proto::crc32c_hex(proto::crc32c(std::as_bytes(std::span(second.value)))));
  EXPECT_EQ(second.timestamp_ms, 1'790'000'000'000);
  EXPECT_EQ(second.partition_count, 0) << "the cluster did not say how many there are";
}

TEST_F(Sending, WaveformBytesAreSentAsTheyAreStored) {
  agent_.spool.append(Lane::kWaveform, 1, agent_.now_us(), 1000);
  const auto row = agent_.spool.read(Lane::kWaveform, buffer::Position(0), {});
  ASSERT_TRUE(agent_.drain());
  const auto records = cluster_.of_topic("bench.waveform.v1");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(records[0].value)), row->at(0).payload));
  EXPECT_EQ(records[0].header("content-type"), "application/vnd.apache.arrow.stream");
}

TEST_F(Sending, OlderThanLiveAgeIsBackfill) {
  agent_.spool.append(Lane::kEvent, 1, agent_.now_us() - 11'000'000);
  agent_.spool.append(Lane::kEvent, 1, agent_.now_us() - 9'000'000);
  ASSERT_TRUE(agent_.drain());
  const auto records = cluster_.of_topic("bench.event.v1");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].header("ce_delivery"), "backfill");
  EXPECT_EQ(records[1].header("ce_delivery"), "live");
}

TEST_F(Sending, ABacklogGoesInFullTransactionsBackToBack) {
  for (int i = 0; i < 64; ++i) agent_.spool.append(Lane::kWaveform, 1, agent_.now_us(), 262'144);
  const auto began = clock_.monotonic_ns();
  const int taken = transactions_of([&] {
    ASSERT_TRUE(
        agent_.run_until([&] { return cluster_.of_topic("bench.waveform.v1").size() == 64; }));
  });
  EXPECT_EQ(taken, 4) << "4 MiB each";
  EXPECT_LT(clock_.monotonic_ns() - began, 250'000'000) << "only the last may wait";
}

TEST_F(Sending, LiveRowsShareATransactionPerInterval) {
  ASSERT_TRUE(agent_.drain());
  const int taken = transactions_of([&] {
    for (int i = 0; i < 100; ++i) {  // 10 s, a row each 100 ms
      agent_.spool.append(Lane::kTelemetry, 1, agent_.now_us());
      agent_.run_until([&, until = clock_.monotonic_ns() + 100'000'000] {
        return clock_.monotonic_ns() >= until;
      });
    }
    ASSERT_TRUE(agent_.drain());
  });
  EXPECT_GE(taken, 40);
  EXPECT_LE(taken, 52);
}

TEST_F(Sending, TheRateIsCapped) {
  restart_with([](ForwarderOptions& options) { options.rate_max_bytes_per_s = 1'000'000; });
  for (int i = 0; i < 50; ++i) agent_.spool.append(Lane::kWaveform, 1, agent_.now_us(), 100'000);
  const auto began = clock_.monotonic_ns();
  ASSERT_TRUE(agent_.drain());
  const double took_s = static_cast<double>(clock_.monotonic_ns() - began) / 1e9;
  EXPECT_GT(took_s, 3.9);  // 5 MB, one of them at once
  EXPECT_LT(took_s, 5.2);
}

TEST_F(Sending, ARunKeepsThePartitionCountThatItBeganWith) {
  const auto count_of_last = [&] {
    return cluster_.of_topic("bench.telemetry.v1").back().partition_count;
  };
  cluster_.partitions["bench.telemetry.v1"] = 3;
  agent_.spool.append(Lane::kTelemetry, 1, agent_.now_us(), 20, "t-1");
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(count_of_last(), 3);
  agent_.spool.commit();
  cluster_.partitions["bench.telemetry.v1"] = 6;
  agent_.crash();
  agent_.spool.append(Lane::kTelemetry, 1, agent_.now_us(), 20, "t-1");
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(count_of_last(), 3) << "also after a restart";
  agent_.spool.append(Lane::kTelemetry, 1, agent_.now_us(), 20, "t-2");
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(count_of_last(), 6) << "the next run takes today's";
  cluster_.partitions["bench.telemetry.v1"] = 2;
  agent_.crash();
  agent_.spool.append(Lane::kTelemetry, 1, agent_.now_us(), 20, "t-1");
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(count_of_last(), 2) << "a topic made anew with fewer has no third one";
}

TEST_F(Sending, OnlyTheNewestValueOfAKeyIsSent) {
  bool down = true;
  cluster_.fault = [&](Call call) -> std::optional<Fault> {
    if (!down || call != Call::kTopics) return std::nullopt;
    return Fault{timed_out(), false};
  };
  for (int i = 0; i < 5; ++i) {
    agent_.spool.set_latest("bench.agent.v1", "bench-07", std::to_string(i), agent_.now_us());
    agent_.run_until([] { return false; }, 10);
  }
  down = false;
  ASSERT_TRUE(agent_.drain());
  const auto records = cluster_.of_topic("bench.agent.v1");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].value, "4");
  EXPECT_EQ(records[0].key, "bench-07");
}

// A value whose commit was in doubt is not sent again by the same life of the agent.
TEST_F(Sending, AValueIsSentOnceAlsoOverARebuild) {
  cluster_.coin = [] { return true; };
  cluster_.fault = [commits = 0](Call call) mutable -> std::optional<Fault> {
    if (call != Call::kCommit || ++commits > 1) return std::nullopt;
    return Fault{fatal(RD_KAFKA_RESP_ERR__FATAL), false};
  };
  agent_.spool.set_latest("bench.device.v1", "js220-000001", "{}", agent_.now_us());
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(cluster_.of_topic("bench.device.v1").size(), 1U);
}

}  // namespace
}  // namespace agent
