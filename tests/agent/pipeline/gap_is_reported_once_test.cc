// SPDX-License-Identifier: Apache-2.0
// Each loss is one named gap: in the stream, over a restart, over a replug, with a full queue, and
// of samples that are no numbers.
#include <gtest/gtest.h>

#include <limits>

#include "tests/agent/pipeline/pipeline_bench.h"

namespace agent::test {
namespace {

constexpr Sample kOne{1.0F, 1.0F};
constexpr Sample kInvalid{std::numeric_limits<float>::quiet_NaN(), 1.0F};

TEST(Gap, InTheStreamIsOneEventForAllLanes) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(100, kOne);
  bench.lose(63);
  bench.add(100, kOne);
  const std::vector<Json> gaps = bench.events("gap");
  ASSERT_EQ(gaps.size(), 1U);
  const Json& gap = gaps[0];
  EXPECT_TRUE(gap.at("lane").is_null());
  EXPECT_EQ(gap.at("gap_reason"), "usb_loss");
  EXPECT_EQ(gap.at("sample_id_first"), 1200);
  EXPECT_EQ(gap.at("sample_id_last"), 1325);
  EXPECT_EQ(gap.at("samples_lost"), 63);
  EXPECT_EQ(gap.at("segment"), 1);
  EXPECT_EQ(gap.at("stream"), bench.stream().to_hex());
  EXPECT_EQ(gap.at("device_id"), "js220-001234");
  EXPECT_EQ(gap.at("test_id"), "idle-01010101");
  EXPECT_EQ(gap.at("event_id"), bench.stream().to_hex() + "/2");
  EXPECT_NEAR(gap.at("duration__s").get<double>(), 0.063, 1e-9);
  EXPECT_EQ(bench.pipeline->status().values_lost_total, 63U);
}

TEST(Gap, OfCodesAloneTakesNoIds) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(100, kOne);
  proto::Gap codes;
  codes.segment = bench.segment();
  codes.signals = {"current_range"};
  codes.ids = proto::IdRange{bench.position() - 50, bench.position() - 1};
  bench.pipeline->on_gap(codes);
  bench.add(100, kOne);
  bench.pipeline->finish();
  ASSERT_EQ(bench.events("gap").size(), 1U);
  EXPECT_EQ(bench.events("gap")[0].at("samples_lost"), 0);
  EXPECT_EQ(bench.events("gap")[0].at("signals"), Json::array({"current_range"}));
  for (const Json& record : bench.records()) {
    EXPECT_EQ(record.at("auxiliary").at("samples_missing"), 0);
  }
}

// The lanes are sealed at different times, so they lose different ids.
TEST(Gap, OfARestartHasExactIdsPerLane) {
  PipelineBench bench;
  bench.options.waveform_rate_hz = 100;
  bench.start_connected();
  bench.run(run_named("t"));
  bench.add(130, kOne);
  bench.clock.advance(150'000'000);
  bench.set_counter(bench.position());
  bench.pipeline->on_tick();  // telemetry is old enough, the waveform is not
  bench.add(20, kOne);
  bench.crash();
  bench.pass(2000);
  const std::uint64_t resumed = bench.position().value();
  bench.start_connected();
  const std::vector<Json> gaps = bench.events("gap");
  ASSERT_EQ(gaps.size(), 2U);
  for (const Json& gap : gaps) {
    EXPECT_EQ(gap.at("gap_reason"), "restart");
    EXPECT_EQ(gap.at("test_id"), "t");
    EXPECT_EQ(gap.at("stream"), "01010101010101010101010101010101") << "of the missing ids";
    EXPECT_EQ(gap.at("sample_id_last"), resumed - 1);
  }
  EXPECT_EQ(gaps[0].at("lane"), "telemetry");
  EXPECT_EQ(gaps[0].at("sample_id_first"), 1200);
  EXPECT_EQ(gaps[1].at("lane"), "waveform");
  EXPECT_EQ(gaps[1].at("sample_id_first"), 1000);
  bench.add(100, kOne);
  EXPECT_EQ(bench.events("gap").size(), 2U);
}

TEST(Gap, ThatWasNamedBeforeAKillIsNotNamedAgain) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(50, kOne);
  bench.lose(20);
  bench.add(10, kOne);
  bench.crash();
  bench.start_connected();
  std::vector<std::pair<std::uint64_t, std::uint64_t>> telemetry;
  for (const Json& gap : bench.events("gap")) {
    if (gap.at("lane") == "waveform") continue;
    telemetry.emplace_back(gap.at("sample_id_first"), gap.at("sample_id_last"));
  }
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> expected = {
      {1100, 1139}, {1000, 1099}, {1140, 1159}};
  EXPECT_EQ(telemetry, expected);
}

TEST(Gap, HasADurationWhenTheCounterDidNotGoOn) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(100, kOne);
  bench.pipeline->on_lost({std::make_error_code(std::errc::no_such_device), "read js220"},
                          proto::GapReason::kDisconnect);
  bench.clock.advance(5'000'000'000);
  bench.set_counter(proto::SampleId(40));
  bench.connect();
  bench.begin_segment();
  const std::vector<Json> gaps = bench.events("gap");
  ASSERT_EQ(gaps.size(), 2U);
  for (const Json& gap : gaps) {
    EXPECT_EQ(gap.at("gap_reason"), "disconnect");
    EXPECT_TRUE(gap.at("sample_id_first").is_null());
    EXPECT_TRUE(gap.at("sample_id_last").is_null());
    EXPECT_NEAR(gap.at("duration__s").get<double>(), 5.0, 1e-9);
    EXPECT_NEAR(gap.at("duration_uncertainty__s").get<double>(), 2e-6, 1e-12);
    EXPECT_EQ(gap.at("segment"), 1);
  }
  EXPECT_EQ(bench.events("device_lost").size(), 1U);
  EXPECT_EQ(bench.events("device_connected").size(), 2U);
}

// The ids fit, the time does not: another counter that happens to be further on.
TEST(Gap, IsNotExactWhenTheHostClockDisagrees) {
  for (const auto& [seconds, exact] : {std::pair{0.9, true}, std::pair{1.1, false}}) {
    PipelineBench bench;
    bench.start_connected();
    bench.add(100, kOne);
    bench.crash();
    bench.pass(5000);
    bench.clock.advance(static_cast<std::int64_t>(seconds * 1e9));
    bench.start_connected();
    EXPECT_EQ(!bench.events("gap").at(0).at("sample_id_first").is_null(), exact) << seconds;
  }
}

TEST(Gap, OfAFullQueueIsReportedOnceWhenThereIsRoom) {
  PipelineBench bench;
  bench.options.waveform = WaveformMode::kOff;
  bench.start_connected();
  bench.add(100, kOne);
  bench.add(100, kOne);
  bench.pipeline->finish();
  bench.queue_is_full = true;
  for (int k = 0; k < 20; ++k) bench.add(100, kOne);
  bench.clock.advance(100'000'000);
  bench.pipeline->on_tick();
  EXPECT_TRUE(bench.events("gap").empty());
  EXPECT_EQ(bench.pipeline->status().ids_in_memory, 4000U);
  bench.queue_is_full = false;
  for (int k = 0; k < 5; ++k) bench.add(100, kOne);
  const std::vector<Json> gaps = bench.events("gap");
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].at("gap_reason"), "overrun");
  EXPECT_EQ(gaps[0].at("lane"), "telemetry");
  EXPECT_EQ(gaps[0].at("sample_id_first"), 1400);
  EXPECT_EQ(gaps[0].at("sample_id_last"), 5399);
  EXPECT_EQ(gaps[0].at("samples_lost"), 2000);
  // The refused records' numbers are not reused.
  const std::vector<Json> records = bench.records();
  EXPECT_EQ(records.at(1).at("record_number"), 2);
  EXPECT_EQ(records.at(2).at("record_number"), 23);
}

TEST(Gap, OfAFullQueueIsReportedAtTheEndAtTheLatest) {
  PipelineBench bench;
  bench.start_connected();
  bench.queue_is_full = true;
  bench.add(1000, kOne);
  bench.pipeline->finish();
  const std::vector<Json> gaps = bench.events("gap");
  ASSERT_EQ(gaps.size(), 2U);
  for (const Json& gap : gaps) EXPECT_EQ(gap.at("samples_lost"), 1000);
  bench.pipeline->finish();
  EXPECT_EQ(bench.events("gap").size(), 2U);
}

TEST(Gap, OfInvalidSamplesIsMergedWhileItLasts) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(100, kOne);
  bench.add(500, kInvalid);  // five intervals without a record
  bench.add(100, kOne);
  bench.pipeline->finish();
  const std::vector<Json> gaps = bench.events("gap");
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].at("gap_reason"), "invalid");
  EXPECT_EQ(gaps[0].at("lane"), "telemetry");
  EXPECT_EQ(gaps[0].at("samples_lost"), 500);
  EXPECT_EQ(bench.records().size(), 2U);
  // The waveform has them as they arrived.
  std::uint64_t values = 0;
  for (const auto& row : bench.waveform()) {
    if (row.signal == "current") values += row.value_count() * row.ids_per_value / 2;
  }
  EXPECT_EQ(values, 700U);
}

TEST(Gap, OfInvalidSamplesIsReportedEverySecond) {
  PipelineBench bench;
  bench.start_connected();
  for (int k = 0; k < 100; ++k) bench.add(100, kInvalid);  // ten seconds
  EXPECT_GE(bench.events("gap").size(), 8U);
  EXPECT_LE(bench.events("gap").size(), 10U);
}

TEST(Gap, AHoleThatTheDriverDidNotNameIsALoss) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(100, kOne);
  bench.pass(40);
  bench.add(100, kOne);
  ASSERT_EQ(bench.events("gap").size(), 1U);
  EXPECT_EQ(bench.events("gap")[0].at("gap_reason"), "usb_loss");
  EXPECT_EQ(bench.events("gap")[0].at("samples_lost"), 40);
}

}  // namespace
}  // namespace agent::test
