// SPDX-License-Identifier: Apache-2.0
// What interrupts an instrument is named for what it was: a step of the host's clock, a sleep of
// the host, a pause of the program. No time that a sample has is changed by any of them.
#include <gtest/gtest.h>

#include "agent/pipeline/host_clock.h"
#include "tests/agent/pipeline/pipeline_bench.h"

namespace agent::test {
namespace {

constexpr Sample kOne{1.0F, 1.0F};
constexpr std::int64_t kS = 1'000'000'000;

const proto::Error kGone{std::make_error_code(std::errc::no_such_device), "read js220"};

// The program was stopped for 6 s: the driver finds the counter 6 s further on, and begins a
// segment.
TEST(Interruption, APauseOfTheProgramIsNoStepOfTheClock) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(500, kOne);
  const std::uint64_t end = bench.position().value();
  bench.pass(6000);
  bench.set_counter(bench.position());
  bench.begin_segment();
  bench.add(500, kOne);
  bench.pipeline->finish();
  EXPECT_TRUE(bench.events("clock_step").empty());
  const std::vector<Json> gaps = bench.events("gap");
  ASSERT_EQ(gaps.size(), 2U) << "one a lane";
  for (const Json& gap : gaps) {
    EXPECT_EQ(gap.at("gap_reason"), "usb_loss");
    EXPECT_EQ(gap.at("sample_id_first"), end);
    EXPECT_EQ(gap.at("samples_lost"), 6000);
  }
}

TEST(Interruption, AStepInAPauseIsBoth) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(500, kOne);
  bench.pass(6000);
  bench.clock.set_utc(bench.clock.utc_ns() + 3600 * kS);
  bench.set_counter(bench.position());
  bench.begin_segment();
  ASSERT_EQ(bench.events("clock_step").size(), 1U);
  EXPECT_NEAR(bench.events("clock_step")[0].at("value").get<double>(), 3600, 0.01);
  ASSERT_EQ(bench.events("gap").size(), 2U);
  EXPECT_EQ(bench.events("gap")[0].at("samples_lost"), 6000);
}

TEST(Interruption, ACounterThatBeginsAnewIsNoStep) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(500, kOne);
  bench.clock.advance(3 * kS);
  bench.set_counter(proto::SampleId(0));
  bench.begin_segment();
  EXPECT_TRUE(bench.events("clock_step").empty());
  ASSERT_EQ(bench.events("gap").size(), 2U);
  for (const Json& gap : bench.events("gap")) {
    EXPECT_EQ(gap.at("gap_reason"), "usb_loss");
    EXPECT_NEAR(gap.at("duration__s").get<double>(), 3.0, 1e-6);
  }
}

TEST(Interruption, OfASleepingHostIsASuspend) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(500, kOne);
  bench.clock.sleep(3600 * kS);
  for (int i = 0; i < 25; ++i) {  // the instrument is found silent after 2 s
    bench.clock.advance(kS / 10);
    bench.pipeline->on_tick();
  }
  bench.pipeline->on_lost(kGone, proto::GapReason::kDisconnect);
  bench.clock.advance(kS);
  bench.set_counter(proto::SampleId(0));
  bench.connect();
  bench.begin_segment();
  ASSERT_EQ(bench.events("gap").size(), 2U);
  for (const Json& gap : bench.events("gap")) {
    EXPECT_EQ(gap.at("gap_reason"), "suspend");
    EXPECT_NEAR(gap.at("duration__s").get<double>(), 3603.5, 0.01);
  }
  EXPECT_TRUE(bench.events("clock_step").empty());
  EXPECT_NE(bench.events("device_lost")[0].at("context").get<std::string>().find("suspend"),
            std::string::npos);
}

TEST(Interruption, OfASleepingHostWhoseInstrumentCountedOnIsASuspend) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(500, kOne);
  bench.clock.sleep(6 * kS);
  bench.set_counter(bench.position() + 12'000);
  bench.begin_segment();
  ASSERT_EQ(bench.events("gap").size(), 2U);
  EXPECT_EQ(bench.events("gap")[0].at("gap_reason"), "suspend");
  EXPECT_EQ(bench.events("gap")[0].at("samples_lost"), 6000);
}

TEST(Interruption, LongAfterASleepIsADisconnectAndSoIsTheSecondOne) {
  for (const bool is_late : {true, false}) {
    PipelineBench bench;
    bench.start_connected();
    bench.add(500, kOne);
    bench.clock.sleep(60 * kS);
    bench.pipeline->on_tick();
    if (is_late) {
      bench.clock.advance(HostClock::kSleepBlameNs + 1);
      bench.pipeline->on_tick();
    } else {
      bench.pipeline->on_lost(kGone, proto::GapReason::kDisconnect);
      bench.set_counter(proto::SampleId(0));
      bench.connect();
      bench.begin_segment();
      bench.add(500, kOne);
    }
    bench.pipeline->on_lost(kGone, proto::GapReason::kDisconnect);
    bench.set_counter(proto::SampleId(0));
    bench.connect();
    bench.begin_segment();
    EXPECT_EQ(bench.events("gap").back().at("gap_reason"), "disconnect");
  }
}

TEST(Interruption, AReleaseStaysAReleaseOverASleep) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(500, kOne);
  bench.clock.sleep(60 * kS);
  bench.pipeline->on_lost(kGone, proto::GapReason::kReleased);
  bench.set_counter(proto::SampleId(0));
  bench.connect();
  bench.begin_segment();
  EXPECT_EQ(bench.events("gap")[0].at("gap_reason"), "released");
}

// The gap tells how long it was, whatever the clock said meanwhile.
TEST(Interruption, AStepWhileNothingIsReadIsNoPartOfTheGap) {
  for (const std::int64_t step_ns : {3600 * kS, -3600 * kS}) {
    PipelineBench bench;
    bench.start_connected();
    bench.add(500, kOne);
    bench.pipeline->on_lost(kGone, proto::GapReason::kDisconnect);
    bench.clock.advance(5 * kS);
    bench.clock.set_utc(bench.clock.utc_ns() + step_ns);
    bench.set_counter(proto::SampleId(0));
    bench.connect();
    bench.begin_segment();
    ASSERT_EQ(bench.events("gap").size(), 2U);
    EXPECT_NEAR(bench.events("gap")[0].at("duration__s").get<double>(), 5.0, 1e-6);
    EXPECT_EQ(bench.events("gap")[0].at("gap_reason"), "disconnect");
    ASSERT_EQ(bench.events("clock_step").size(), 1U);
    EXPECT_NEAR(bench.events("clock_step")[0].at("value").get<double>(),
                static_cast<double>(step_ns) / 1e9, 0.01);
  }
}

TEST(Interruption, IdsAreExactOverAReplugThoughTheClockStepped) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(500, kOne);
  bench.pipeline->on_lost(kGone, proto::GapReason::kDisconnect);
  bench.pass(5000);
  bench.clock.set_utc(bench.clock.utc_ns() + 3600 * kS);
  bench.set_counter(bench.position());
  bench.connect();
  bench.begin_segment();
  ASSERT_EQ(bench.events("gap").size(), 2U);
  EXPECT_EQ(bench.events("gap")[0].at("samples_lost"), 5000);
  EXPECT_FALSE(bench.events("gap")[0].at("sample_id_first").is_null());
}

// 1970, until a time service answers.
TEST(Interruption, AHostWhoseClockWasNeverSetAcquiresAndSaysSo) {
  PipelineBench bench;
  bench.clock.set_utc(20 * kS);
  bench.set_counter(bench.position());
  bench.start_connected();
  bench.add(500, kOne);
  EXPECT_EQ(bench.pipeline->status().time_source, "unsynchronised");
  bench.clock.set_utc(PipelineBench::kStart_ns);
  bench.set_counter(bench.position());
  bench.begin_segment();
  bench.add(500, kOne);
  bench.pipeline->finish();
  EXPECT_EQ(bench.pipeline->status().time_source, "instrument");
  EXPECT_NEAR(bench.pipeline->status().time_uncertainty_s, 1e-6, 1e-12);
  ASSERT_EQ(bench.events("clock_step").size(), 1U);
  EXPECT_TRUE(bench.events("gap").empty());
  const std::vector<Json> records = bench.records();
  ASSERT_EQ(records.size(), 10U);
  EXPECT_LT(records[4].at("epoch_us").get<std::int64_t>(), 60'000'000) << "nothing is re-timed";
  EXPECT_GT(records[5].at("epoch_us").get<std::int64_t>(), PipelineBench::kStart_ns / 1000);
}

}  // namespace
}  // namespace agent::test
