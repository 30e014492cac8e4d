// SPDX-License-Identifier: Apache-2.0
// A sample's UTC strictly increases, follows the instrument's time maps at a bounded rate, and
// never changes once it is told. Steps begin a segment.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/drivers/stream_bench.h"

namespace drivers::js220 {
namespace {

using proto::SampleId;

constexpr std::uint64_t kFirst = 4032ull * 1'000'000;
constexpr std::uint64_t kRound = 4032;
constexpr std::uint64_t kSecond = 496 * kRound;  // 1.0 s
constexpr std::int64_t kMs = 1'000'000;

TEST(Time, FollowsADriftingMapWithoutAStep) {
  TimeTracker time;
  const double rate_hz = 2e6 * (1 + 20e-6);
  time.start({.id = SampleId(0), .utc_ns = kStartUtcNs, .rate_hz = 2e6});
  std::int64_t last_ns = 0;
  SampleId last_id;
  proto::TimeMap last_piece;
  for (std::uint64_t id = 0; id < 600'000'000; id += 50'400) {
    const auto piece = time.piece_at(SampleId(id));
    const std::int64_t utc_ns = piece.utc_ns(SampleId(id));
    if (id > 0) {
      // Continuous: the piece before gives the border the same time, to the nanosecond.
      ASSERT_EQ(last_piece.utc_ns(SampleId(id)), utc_ns);
      ASSERT_GT(utc_ns, last_ns);
      const double ids = static_cast<double>(distance(last_id, SampleId(id)));
      ASSERT_NEAR(static_cast<double>(utc_ns - last_ns) / (ids * 500.0), 1.0, 1.1e-3);
    }
    last_piece = piece;
    last_id = SampleId(id);
    last_ns = utc_ns;
    if (id % 2'016'000 != 0) continue;
    // A map whose noise is 80 us.
    const double noise_ns = id / 2'016'000 % 2 == 0 ? 80e3 : -80e3;
    const TimeMark mark{
        .id = SampleId(id),
        .utc_ns = kStartUtcNs + std::llround(static_cast<double>(id) * 1e9 / rate_hz + noise_ns),
        .rate_hz = rate_hz};
    ASSERT_EQ(time.judge(mark, SampleId(id), mark.utc_ns), TimeTracker::Verdict::kAccepted);
  }
  const auto truth_ns =
      kStartUtcNs + std::llround(static_cast<double>(last_id.value()) * 1e9 / rate_hz);
  EXPECT_NEAR(static_cast<double>(last_ns - truth_ns), 0.0, 100e3);
  EXPECT_LE(std::abs(last_ns - truth_ns), static_cast<std::int64_t>(last_piece.uncertainty_ns));
}

TEST(Time, UncertaintyGrowsWithoutMarks) {
  TimeTracker time;
  time.start({.id = SampleId(0), .utc_ns = kStartUtcNs, .rate_hz = 2e6});
  const auto at_start = time.piece_at(SampleId(0)).uncertainty_ns;
  const auto after_hour = time.piece_at(SampleId(7'200'000'000)).uncertainty_ns;
  EXPECT_EQ(at_start, 200'000u);
  EXPECT_NEAR(static_cast<double>(after_hour), 200e3 + 3600e9 * 50e-6, 1e6);
}

TEST(Time, SmallErrorsAreSlewedAndSaid) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  bench.send(kFirst, kFirst + kSecond);
  bench.send_map(kFirst + kSecond, 400 * kMs);  // NTP moved the clock by 0.4 s
  bench.send(kFirst + kSecond, kFirst + 3 * kSecond);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  const proto::Block& last = bench.sink.blocks.back();
  EXPECT_GT(last.time.uncertainty_ns, 390u * kMs) << "says that it is off";
  const double lag_s =
      static_cast<double>(last.time.utc_ns(last.first_id) - bench.utc_of(last.first_id.value())) /
      1e9;
  EXPECT_NEAR(lag_s, 2 * TimeTracker::kSlewMax, 0.2e-3) << "catches up at the bounded rate";
  bench.expect_truth();
}

TEST(Time, AStepOfTheHostClockBeginsASegmentAndLosesNothing) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  bench.send(kFirst, kFirst + kSecond);
  constexpr std::int64_t kStepNs = 3600'000 * kMs;
  bench.host_step_ns = kStepNs;
  bench.send_map(kFirst + kSecond, kStepNs);
  bench.send(kFirst + kSecond, kFirst + 2 * kSecond);
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 2u);
  EXPECT_EQ(bench.counters.clock_steps, 1u);
  const SegmentStart& start = bench.sink.segments[1];
  EXPECT_EQ(start.time.utc_ns(start.first_id), bench.utc_of(start.first_id.value()) + kStepNs);
  EXPECT_EQ(bench.sink.values() * 2, 2 * kSecond);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_TRUE(bench.sink.code_gaps.empty());
  // The second segment goes on with the very next id.
  const proto::Block& last_before = *std::ranges::find_if(
      bench.sink.blocks, [&](const proto::Block& b) { return b.end_id() == start.first_id; });
  EXPECT_EQ(last_before.segment, bench.sink.segments[0].segment);
}

TEST(Time, MapsThatNobodyConfirmsAreRejected) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  bench.send(kFirst, kFirst + kRound);
  const std::uint64_t id = kFirst + kRound;
  bench.send_map(id, 3600'000 * kMs);     // an hour off, and the host's clock did not step
  bench.send_map(id, 0, 2e6 * 1.002);     // 2000 ppm
  bench.send_map(id, 0, 0);               // no rate at all
  bench.send_map(id, 0, 3e9);             // faster than the instrument can
  bench.send_map(id + 1'500'000'000, 0);  // ids that are nowhere near
  bench.stream.on_timemap({.utc = 0, .counter = id, .counter_rate = kNominalCounterRate},
                          bench.arrival_of(id), bench.sink);
  bench.stream.on_timemap({.utc = INT64_MAX, .counter = id, .counter_rate = kNominalCounterRate},
                          bench.arrival_of(id), bench.sink);
  EXPECT_EQ(bench.counters.time_marks_rejected, 7u);
  bench.send(id, id + kSecond);
  bench.stream.flush(bench.sink);
  EXPECT_EQ(bench.sink.segments.size(), 1u);
  const proto::Block& last = bench.sink.blocks.back();
  EXPECT_EQ(last.time.utc_ns(last.first_id), bench.utc_of(last.first_id.value()));
}

TEST(Time, AMappedCounterCutTo32BitsIsUnderstood) {
  const std::uint64_t first = (std::uint64_t{3} << 32) + 4032;
  StreamBench bench(first);
  bench.send_map(first);
  bench.send(first, first + kRound);
  bench.stream.on_timemap({.utc = time64_from_utc_ns(bench.utc_of(first + kRound)),
                           .counter = static_cast<std::uint32_t>(first + kRound),
                           .counter_rate = kNominalCounterRate},
                          bench.arrival_of(first + kRound), bench.sink);
  EXPECT_EQ(bench.counters.time_marks_rejected, 0u);
  bench.send(first + kRound, first + 2 * kRound);
  EXPECT_EQ(bench.sink.segments.size(), 1u);
}

TEST(Time, ARateLockedWrongIsCorrectedByTheHostClock) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst, 0, 1e6);  // half the true rate
  for (std::uint64_t second = 0; second < 5; ++second) {
    bench.send(kFirst + second * kSecond, kFirst + (second + 1) * kSecond);
    bench.send_map(kFirst + (second + 1) * kSecond);
  }
  bench.send(kFirst + 5 * kSecond, kFirst + 6 * kSecond);
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 2u);
  const proto::Block& last = bench.sink.blocks.back();
  EXPECT_NEAR(
      static_cast<double>(last.time.utc_ns(last.first_id) - bench.utc_of(last.first_id.value())),
      0.0, 1e6);
  EXPECT_EQ(bench.sink.values() * 2, 6 * kSecond);
}

TEST(Time, AnInstrumentSlowerThanLifeKeepsItsOwnRate) {
  constexpr double kScale = 0.01;
  StreamBench bench(kFirst);
  bench.send_map(kFirst, 0, 2e6 * kScale);
  bench.send(kFirst, kFirst + 10 * kRound);
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_DOUBLE_EQ(bench.sink.segments[0].time.rate_hz, 2e6 * kScale);
  EXPECT_EQ(bench.sink.values() * 2, 10 * kRound);
}

TEST(Time, WithoutMapsTheArrivalDatesTheSamples) {
  StreamBench bench(kFirst);
  bench.send(kFirst, kFirst + 4 * kSecond);
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  const SegmentStart& start = bench.sink.segments[0];
  EXPECT_EQ(start.time.source, proto::TimeSource::kHostArrival);
  EXPECT_GT(start.first_id, SampleId(kFirst));
  EXPECT_LT(start.first_id, SampleId(kFirst + 2 * kSecond)) << "waits for a map for a second only";
  const proto::Block& last = bench.sink.blocks.back();
  EXPECT_NEAR(
      static_cast<double>(last.time.utc_ns(last.first_id) - bench.utc_of(last.first_id.value())),
      0.0, static_cast<double>(last.time.uncertainty_ns));
  // A map that comes late takes over, whatever its upper 32 bits are.
  bench.send_map(kFirst + 4 * kSecond);
  bench.send(kFirst + 4 * kSecond, kFirst + 5 * kSecond);
  EXPECT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_EQ(bench.sink.blocks.back().time.source, proto::TimeSource::kInstrument);
}

TEST(Time, AMapOfAnEarlierConnectionIsNotBelieved) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst, 60'000 * kMs);
  EXPECT_EQ(bench.counters.time_marks_rejected, 1u);
  bench.send(kFirst, kFirst + kRound);
  EXPECT_TRUE(bench.sink.segments.empty());
  bench.send_map(kFirst + kRound);
  bench.send(kFirst + kRound, kFirst + 3 * kRound);
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_EQ(bench.sink.segments[0].time.source, proto::TimeSource::kInstrument);
}

}  // namespace
}  // namespace drivers::js220
