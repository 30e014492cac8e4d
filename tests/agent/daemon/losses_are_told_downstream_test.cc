// SPDX-License-Identifier: Apache-2.0
// What is lost or held back outside the pipelines is an event that names it, durable with the state
// change that it speaks of; what is watched and estimated is right.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/daemon/heartbeat.h"
#include "agent/daemon/loss_events.h"
#include "agent/daemon/progress_watch.h"
#include "agent/daemon/status_builder.h"
#include "drivers/usb/virtual_clock.h"
#include "proto/record_group.h"

namespace agent {
namespace {

const proto::StreamId kOldStream(proto::StreamId::Bytes{1});
const proto::StreamId kStream(proto::StreamId::Bytes{2});

class Losses : public testing::Test {
 protected:
  static nlohmann::json event_in(const buffer::NewRow& row) {
    const auto records = proto::decode_record_group(row.payload);
    EXPECT_TRUE(records.has_value());
    return nlohmann::json::parse(records->front().value);
  }
  static buffer::EvictedRange evicted(std::uint64_t first, std::uint64_t last) {
    buffer::EvictedRange range;
    range.lane = proto::Lane::kTelemetry;
    range.stream = kOldStream;
    range.key = "js220-000001/t-1";
    range.device_id = "js220-000001";
    range.segment = proto::SegmentId(3);
    range.id_first = proto::SampleId(first * 1000);
    range.id_last = proto::SampleId(last * 1000 + 999);
    range.id_count = 900;
    range.seq_first = proto::Sequence(first);
    range.seq_last = proto::Sequence(last);
    range.t_first_us = 1'000'000;
    range.t_last_us = 3'500'000;
    range.rows = 2;
    return range;
  }
  static buffer::RowMeta row() {
    buffer::RowMeta meta;
    meta.facts.lane = proto::Lane::kWaveform;
    meta.facts.topic = "bench.waveform.v1";
    meta.facts.key = "js220-000001/t-1";
    meta.facts.device_id = "js220-000001";
    meta.facts.segment = proto::SegmentId(1);
    meta.facts.id_first = proto::SampleId(100);
    meta.facts.id_last = proto::SampleId(299);
    meta.facts.id_count = 200;
    meta.stream = kOldStream;
    meta.seq_first = proto::Sequence(7);
    return meta;
  }

  drivers::VirtualClock clock_{1'790'000'000'000'000'000, 0};
  EventFactory events_{kStream, "bench-1", "bench."};
  LossEvents losses_{events_, clock_};
};

TEST_F(Losses, AnEvictedRangeIsAGapWithIdsAndSequences) {
  const auto rows = losses_.on_evicted(std::vector{evicted(5, 6)});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].facts.key, "js220-000001/t-1");
  EXPECT_EQ(rows[0].facts.lane, proto::Lane::kEvent);
  const auto event = event_in(rows[0]);
  EXPECT_EQ(event["event_type"], "gap");
  EXPECT_EQ(event["gap_reason"], "evicted");
  EXPECT_EQ(event["device_id"], "js220-000001");
  EXPECT_EQ(event["test_id"], "t-1");
  EXPECT_EQ(event["lane"], "telemetry");
  EXPECT_EQ(event["stream"], kOldStream.to_hex());
  EXPECT_EQ(event["segment"], 3);
  EXPECT_EQ(event["sample_id_first"], 5000);
  EXPECT_EQ(event["sample_id_last"], 6999);
  EXPECT_EQ(event["sequence_first"], 5);
  EXPECT_EQ(event["sequence_last"], 6);
  EXPECT_EQ(event["samples_lost"], 450) << "two ids per value; missing ids are lost already";
  EXPECT_EQ(event["duration__s"], 2.5);
}

TEST_F(Losses, ACommitThatIsTriedAgainCountsOnce) {
  losses_.on_evicted(std::vector{evicted(5, 6)});
  losses_.on_evicted(std::vector{evicted(5, 6), evicted(7, 9)});
  EXPECT_EQ(losses_.totals().rows, 4U);
  EXPECT_EQ(losses_.totals().values, 900U);
  EXPECT_EQ(losses_.totals().last_utc_us, clock_.utc_ns() / 1000);
}

TEST_F(Losses, DamagedFactsAreNotRepeated) {
  auto range = evicted(5, 6);
  range.facts_damaged = true;
  const auto event = event_in(losses_.on_evicted(std::vector{range}).front());
  EXPECT_EQ(event["lane"], "telemetry");
  EXPECT_TRUE(event["device_id"].is_null());
  EXPECT_TRUE(event["sample_id_first"].is_null());
  EXPECT_TRUE(event["sequence_first"].is_null());
}

TEST_F(Losses, ACorruptRowIsAGapTogetherWithItsState) {
  const auto entry = losses_.on_forwarder_event({.kind = ForwarderEvent::Kind::kRowCorrupt,
                                                 .row = row(),
                                                 .ce_id = "x",
                                                 .reason = "",
                                                 .state = {"quarantine/x", "1"}});
  ASSERT_EQ(entry.rows.size(), 1U);
  ASSERT_EQ(entry.state.size(), 1U);
  EXPECT_EQ(entry.state[0].key, "quarantine/x");
  const auto event = event_in(entry.rows[0]);
  EXPECT_EQ(event["gap_reason"], "corrupt");
  EXPECT_EQ(event["lane"], "waveform");
  EXPECT_EQ(event["sample_id_first"], 100);
  EXPECT_EQ(event["sample_id_last"], 299);
  EXPECT_EQ(event["sequence_first"], 7);
  EXPECT_EQ(event["sequence_last"], 7);
  EXPECT_EQ(event["samples_lost"], 100);
}

TEST_F(Losses, AQuarantinedBatchIsNoGap) {
  const auto entry = losses_.on_forwarder_event({.row = row(),
                                                 .ce_id = "s/waveform/7",
                                                 .reason = "too large",
                                                 .state = {"quarantine/7", "1"}});
  const auto event = event_in(entry.rows.at(0));
  EXPECT_EQ(event["event_type"], "batch_quarantined");
  EXPECT_EQ(event["severity"], "error");
  EXPECT_FALSE(event.contains("gap_reason"));
  const auto context = nlohmann::json::parse(event["context"].get<std::string>());
  EXPECT_EQ(context["ce_id"], "s/waveform/7");
  EXPECT_EQ(context["reason"], "too large");
  EXPECT_EQ(entry.state.at(0).key, "quarantine/7");
}

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(Heartbeats, ComeOnceAMinuteAndWhenHealthChanges) {
  Heartbeat heartbeat("bench.");
  AgentStatus status;
  status.agent_id = "bench-1";
  EXPECT_TRUE(heartbeat.due(status, 0, 0));
  EXPECT_FALSE(heartbeat.due(status, 0, 59 * kSecond));
  EXPECT_TRUE(heartbeat.due(status, 0, 60 * kSecond));
  status.health = Health::kCritical;
  EXPECT_FALSE(heartbeat.due(status, 0, 61 * kSecond)) << "at most one in 5 s";
  const auto entry = heartbeat.due(status, 0, 65 * kSecond);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->latest.at(0).topic, "bench.agent.v1");
  EXPECT_EQ(nlohmann::json::parse(entry->latest[0].value)["state"], "critical");
}

TEST(Heartbeats, AddUpWhatWasLost) {
  AgentStatus status;
  status.instruments.resize(2);
  status.instruments[0].pipeline.values_lost_total = 3;
  status.instruments[1].pipeline.values_lost_total = 4;
  EXPECT_EQ(agent_record(status, 5).samples_lost_total, 12U);
}

TEST(ProgressWatching, NeedsHeartbeatAndProgress) {
  ProgressWatch watch({std::chrono::seconds(10), std::chrono::seconds(60)});
  const auto at = [&](std::int64_t s, std::uint64_t heartbeat, std::uint64_t progress, bool work) {
    return watch.observe({{"writer", heartbeat, progress, work, 1}}, s * kSecond);
  };
  const std::vector<std::string> none;
  const std::vector<std::string> stuck = {"writer"};
  EXPECT_EQ(at(0, 1, 1, true), none);
  EXPECT_EQ(at(9, 1, 1, true), none);
  EXPECT_EQ(at(10, 1, 1, true), stuck) << "no heartbeat";
  EXPECT_EQ(at(11, 2, 1, true), none);
  EXPECT_EQ(at(60, 3, 1, true), stuck) << "it turns and does nothing";
  EXPECT_EQ(at(61, 4, 1, false), none) << "there is nothing to do";
  EXPECT_EQ(at(62, 5, 2, true), none);
}

TEST(SpoolRate, TellsWhenTheSpoolIsFull) {
  SpoolRates rates;
  EXPECT_EQ(rates.time_to_full_s(1000), std::nullopt);
  for (int s = 0; s <= 40; ++s) {
    const auto bytes = static_cast<std::uint64_t>(s);
    rates.sample(s * kSecond, 100 * bytes, 10 * bytes);
  }
  EXPECT_DOUBLE_EQ(rates.append_bytes_per_s(), 100);
  EXPECT_DOUBLE_EQ(rates.time_to_full_s(1000).value(), 60);
  EXPECT_EQ(rates.time_to_full_s(400).value(), 0);
  for (int s = 41; s <= 80; ++s) rates.sample(s * kSecond, 4000, 400);
  EXPECT_EQ(rates.time_to_full_s(1000), std::nullopt) << "it does not grow";
}

}  // namespace
}  // namespace agent
