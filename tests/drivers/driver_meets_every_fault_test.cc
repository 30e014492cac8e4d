// SPDX-License-Identifier: Apache-2.0
// The driver against the emulated instrument: what goes right, and each fault that the emulator
// knows. Every fault ends in a Gap, a counter or a message that says what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/drivers/driver_bench.h"

namespace drivers {
namespace {

using ::testing::HasSubstr;

TEST(Driver, SaysWhatTheInstrumentIs) {
  DriverBench bench;
  const std::int64_t before_ns = bench.clock.monotonic_ns();
  const auto info = bench.driver->open();
  ASSERT_TRUE(info.has_value()) << info.error().message();
  EXPECT_LT(bench.clock.monotonic_ns() - before_ns, 1000 * DriverBench::kMs);
  EXPECT_EQ(info->id.to_string(), "js220/001234");
  EXPECT_EQ(info->firmware, "1.3.0");
  EXPECT_EQ(info->sample_id_rate_hz, 2e6);
  ASSERT_EQ(info->signals.size(), 4u);
  EXPECT_EQ(info->signals[0].name, "current");
  EXPECT_EQ(info->signals[0].unit, "A");
  EXPECT_EQ(info->signals[0].rate_hz, 1e6);
  EXPECT_EQ(info->signals[0].ids_per_value, 2u);
  EXPECT_EQ(info->signals[1].name, "voltage");
  EXPECT_EQ(info->signals[2].name, "current_range");
  EXPECT_EQ(info->signals[2].rate_hz, 2e6);
  EXPECT_EQ(info->signals[3].name, "gpi0");
}

TEST(Driver, ReadsEverySampleOfTenSeconds) {
  DriverBench bench;
  bench.open();
  ASSERT_TRUE(bench.run(10'000).has_value());
  bench.driver->flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_TRUE(bench.sink.code_gaps.empty());
  EXPECT_GT(bench.sink.values(), 9'900'000u);
  EXPECT_EQ(bench.driver->counters().frames_lost, 0u);
  EXPECT_EQ(bench.driver->counters().frames_malformed, 0u);
  EXPECT_EQ(bench.driver->counters().time_marks_rejected, 0u);
  const proto::Block& last = bench.sink.blocks.back();
  EXPECT_EQ(last.time.source, proto::TimeSource::kInstrument);
  EXPECT_NEAR(static_cast<double>(last.time.utc_ns(last.end_id()) - bench.clock.utc_ns()), 0.0,
              50.0 * DriverBench::kMs);
  bench.expect_truth();
}

TEST(Driver, FollowsTheWrapOf32Bits) {
  DriverBench bench({.start_id = (std::uint64_t{9} << 32) - 4'032'000});
  bench.open();
  ASSERT_TRUE(bench.run(4000).has_value());
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_GT(bench.sink.position().value(), std::uint64_t{9} << 32);
  bench.expect_truth();
}

struct StreamFault {
  const char* text;
  std::uint64_t float_gaps;
  std::uint64_t float_ids;  // in them
  std::uint64_t code_gaps;
};
void PrintTo(const StreamFault& fault, std::ostream* out) { *out << fault.text; }

class StreamFaults : public ::testing::TestWithParam<StreamFault> {};

TEST_P(StreamFaults, LoseNothingSilently) {
  const StreamFault& fault = GetParam();
  DriverBench bench;
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  bench.fault(fault.text);
  ASSERT_TRUE(bench.run(1000).has_value());
  bench.driver->flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_EQ(bench.sink.float_gaps.size(), fault.float_gaps);
  EXPECT_EQ(bench.sink.ids_in_float_gaps(), fault.float_ids);
  EXPECT_EQ(bench.sink.code_gaps.size(), fault.code_gaps);
  EXPECT_EQ(bench.sink.missing_codes(0) + bench.sink.missing_codes(1),
            bench.sink.ids_in_code_gaps());
  const std::uint64_t first = bench.sink.segments[0].first_id.value();
  EXPECT_EQ(bench.sink.values() * 2 + bench.sink.ids_in_float_gaps(),
            bench.sink.position().value() - first);
  EXPECT_GT(bench.sink.position().value() - first, 1'250'000u * 2);
  bench.expect_truth();
}

INSTANTIATE_TEST_SUITE_P(
    Emulator, StreamFaults,
    ::testing::Values(StreamFault{"lose 21", 1, 252, 0}, StreamFault{"lose 22 3", 1, 756, 0},
                      StreamFault{"lose 20", 0, 0, 1}, StreamFault{"lose 24 2", 0, 0, 1},
                      StreamFault{"repeat 21 5", 0, 0, 0}, StreamFault{"repeat 24", 0, 0, 0},
                      StreamFault{"overlap 22 5", 0, 0, 0}, StreamFault{"stray 23", 0, 0, 0},
                      StreamFault{"stray 9", 0, 0, 0}, StreamFault{"stray 31", 0, 0, 0},
                      // A frame that comes late: USB keeps the order, so a late
                      // one is a lost one.
                      StreamFault{"swap 21", 1, 252, 0}, StreamFault{"length 21 500", 1, 4, 0},
                      StreamFault{"length 21 3", 1, 252, 0},
                      StreamFault{"length 21 511", 1, 252, 0}));

TEST(Driver, ATornTransferIsAGap) {
  DriverBench bench;
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  bench.fault("tear 21");
  ASSERT_TRUE(bench.run(500).has_value());
  EXPECT_GE(bench.sink.float_gaps.size(), 1u);
  EXPECT_GE(bench.driver->counters().frames_malformed, 1u);
  bench.expect_truth();
}

TEST(Driver, ValuesThatAreNoNumbersArriveAsTheyAre) {
  DriverBench bench;
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  bench.fault("nan 21 2");
  ASSERT_TRUE(bench.run(300).has_value());
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  std::uint64_t nans = 0;
  for (const proto::Block& block : bench.sink.blocks) {
    for (const float value : block.current.values) nans += value != value ? 1 : 0;
  }
  EXPECT_EQ(nans, 2u * 126);
}

TEST(Driver, AnOverflowOfTheInstrumentIsAGap) {
  DriverBench bench;
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  bench.fault("delay 500ms");
  ASSERT_TRUE(bench.run(1000).has_value());
  EXPECT_GE(bench.sink.float_gaps.size(), 1u);
  EXPECT_GT(bench.sink.ids_in_float_gaps(), 800'000u);
  EXPECT_EQ(bench.sink.segments.size(), 1u);
  bench.expect_truth();
}

TEST(Driver, AJumpOfTheCounterBeginsASegment) {
  for (const char* text : {"jump +500000000", "jump -3000000000"}) {
    SCOPED_TRACE(text);
    DriverBench bench({.start_id = 4'000'000'000});
    bench.open();
    ASSERT_TRUE(bench.run(300).has_value());
    bench.fault(text);
    ASSERT_TRUE(bench.run(3000).has_value());
    EXPECT_EQ(bench.sink.segments.size(), 2u);
    EXPECT_EQ(bench.driver->counters().counter_jumps, 1u);
    const proto::Block& last = bench.sink.blocks.back();
    EXPECT_NEAR(static_cast<double>(last.time.utc_ns(last.end_id()) - bench.clock.utc_ns()), 0.0,
                50.0 * DriverBench::kMs);
  }
}

TEST(Driver, AWrongTimeMapDoesNotMoveTime) {
  DriverBench bench;
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  bench.fault("timemap-jump 100000000");
  ASSERT_TRUE(bench.run(5000).has_value());
  EXPECT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_GE(bench.driver->counters().time_marks_rejected, 4u);
  const proto::Block& last = bench.sink.blocks.back();
  EXPECT_NEAR(static_cast<double>(last.time.utc_ns(last.end_id()) - bench.clock.utc_ns()), 0.0,
              50.0 * DriverBench::kMs);
}

TEST(Driver, AStepOfTheHostClockBeginsASegment) {
  DriverBench bench;
  bench.open();
  ASSERT_TRUE(bench.run(1500).has_value());
  bench.clock.step_utc(-86'400'000 * DriverBench::kMs);
  ASSERT_TRUE(bench.run(3000).has_value());
  EXPECT_EQ(bench.sink.segments.size(), 2u);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  const proto::Block& last = bench.sink.blocks.back();
  EXPECT_NEAR(static_cast<double>(last.time.utc_ns(last.end_id()) - bench.clock.utc_ns()), 0.0,
              50.0 * DriverBench::kMs);
  bench.expect_truth();
}

TEST(Driver, SilenceIsToldAfterTwoSecondsAndWhatArrivedIsKept) {
  DriverBench bench;
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  const std::uint64_t counter = bench.device.counter(bench.clock.monotonic_ns());
  const std::int64_t before_ns = bench.clock.monotonic_ns();
  bench.fault("silent");
  const auto polled = bench.run(10'000);
  ASSERT_FALSE(polled.has_value());
  EXPECT_EQ(polled.error().code, UsbErrc::kTimeout);
  EXPECT_THAT(polled.error().message(), HasSubstr("js220/001234 sent no current and voltage"));
  EXPECT_NEAR(static_cast<double>(bench.clock.monotonic_ns() - before_ns), 2e9, 0.1e9);
  EXPECT_GT(bench.sink.position().value() + 60'000, counter) << "the last samples were kept back";
  // Opened again, its counter has gone on.
  bench.driver->close();
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  EXPECT_EQ(bench.sink.segments.size(), 2u);
  EXPECT_GT(bench.sink.segments[1].first_id.value(), counter + 4'000'000);
  bench.expect_truth();
}

// What was kept for it meanwhile comes a moment later.
TEST(Driver, APauseOfThisProcessIsNoSilenceOfTheInstrument) {
  DriverBench bench;
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  const std::uint64_t before = bench.sink.position().value();
  bench.fault("delay 6100ms");
  bench.clock.advance(6000 * DriverBench::kMs);
  const auto polled = bench.run(1000);
  ASSERT_TRUE(polled.has_value()) << polled.error().message();
  EXPECT_GT(bench.sink.position().value(), before + 12'000'000) << "it streams on";
  bench.expect_truth();
}

TEST(Driver, UnpluggingIsToldAndPluggingInIsANewSegment) {
  for (const char* text : {"disconnect 500ms", "replug 500ms"}) {
    SCOPED_TRACE(text);
    DriverBench bench({.start_id = 1'000'000'000});
    bench.open();
    ASSERT_TRUE(bench.run(300).has_value());
    bench.fault(text);
    const auto polled = bench.run(1000);
    ASSERT_FALSE(polled.has_value());
    EXPECT_EQ(polled.error().code, UsbErrc::kNoDevice);
    EXPECT_THAT(polled.error().message(), HasSubstr("js220/001234 is gone: check its cable"));
    bench.driver->close();
    EXPECT_EQ(bench.open_error().code, UsbErrc::kNoDevice);
    bench.clock.advance(500 * DriverBench::kMs);
    bench.open();
    ASSERT_TRUE(bench.run(300).has_value());
    EXPECT_EQ(bench.sink.segments.size(), 2u);
    bench.expect_truth();
  }
}

TEST(Driver, AStallIsClearedAndAStormOfErrorsEnds) {
  DriverBench bench;
  bench.open();
  bench.fault("stall-in 3");
  bench.fault("io-error 5");
  ASSERT_TRUE(bench.run(500).has_value());
  EXPECT_EQ(bench.driver->counters().transfers_failed, 8u);
  EXPECT_GT(bench.sink.values(), 400'000u);
  bench.fault("io-error 1000");
  const auto polled = bench.run(500);
  ASSERT_FALSE(polled.has_value());
  EXPECT_THAT(polled.error().message(), HasSubstr("20 transfers in a row failed: unplug it"));
}

struct OpenFault {
  const char* text;
  UsbErrc code;
  const char* message;
};
void PrintTo(const OpenFault& fault, std::ostream* out) { *out << fault.text; }

class OpenFaults : public ::testing::TestWithParam<OpenFault> {};

TEST_P(OpenFaults, AreToldAndPass) {
  const OpenFault& fault = GetParam();
  DriverBench bench;
  bench.fault(fault.text);
  const auto error = bench.open_error();
  EXPECT_EQ(error.code, fault.code);
  EXPECT_THAT(error.message(), HasSubstr("js220/001234"));
  EXPECT_THAT(error.message(), HasSubstr(fault.message));
  bench.fault("heal");
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  EXPECT_GT(bench.sink.values(), 200'000u);
  bench.expect_truth();
}

INSTANTIATE_TEST_SUITE_P(
    Emulator, OpenFaults,
    ::testing::Values(
        OpenFault{"protocol 2", UsbErrc::kProtocol,
                  "speaks protocol 2.0.0, this program speaks 1: update wattspool"},
        OpenFault{"no-pong", UsbErrc::kTimeout,
                  "did not send the description of its settings within 1000 ms: unplug it"},
        OpenFault{"late-pong 1500ms", UsbErrc::kTimeout,
                  "did not send the description of its settings within 1000 ms: unplug it"},
        OpenFault{"no-ack 10", UsbErrc::kTimeout,
                  "did not send the answer to 's/i/range/mode' within 1000 ms: unplug it"},
        OpenFault{"stall-connect", UsbErrc::kStall, "connect to js220/001234"},
        OpenFault{"connect-status 19", UsbErrc::kProtocol, "it refused (busy, code 19): unplug it"},
        OpenFault{"io-error 10", UsbErrc::kIo, "wait for the greeting of js220/001234"},
        OpenFault{"disconnect 100ms", UsbErrc::kNoDevice, "disconnect js220/001234"}));

TEST(Driver, APongThatIsLateButInTimeIsWaitedFor) {
  DriverBench bench;
  bench.fault("late-pong 900ms");
  bench.open();
}

TEST(Driver, RefusesSignalsThatAJs220CannotGive) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases = {
      {{"power"}, "a JS220 has current_range, gpi0"},
      {{"gpi0", "gpi0"}, "recorded already"},
      {{"current_range", "gpi0", "gpi1", "gpi2", "gpi3"}, "at most 3 of gpi0-gpi3"},
  };
  for (const auto& [codes, message] : cases) {
    DriverBench bench({}, {.serial = {}, .codes = codes});
    const auto error = bench.open_error();
    EXPECT_EQ(error.code, std::errc::invalid_argument);
    EXPECT_THAT(error.message(), HasSubstr(message));
  }
}

TEST(Driver, AnUnknownRangeNamesThoseThatExist) {
  DriverBench bench({}, {.serial = {}, .codes = {}, .current_range = "42 A"});
  EXPECT_THAT(bench.open_error().message(),
              HasSubstr("set 's/i/range/select' of js220/001234 to '42 A': it offers 10 A"));
}

TEST(Driver, AFixedRangeIsSet) {
  DriverBench bench({}, {.serial = {}, .codes = {"current_range"}, .current_range = "180 mA"});
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  ASSERT_FALSE(bench.sink.blocks.empty());
  for (const proto::Block& block : bench.sink.blocks) {
    ASSERT_EQ(block.codes[0].runs.size(), 1u);
    EXPECT_EQ(block.codes[0].runs[0].code, 1u);
  }
}

TEST(Driver, CancelEndsAWait) {
  DriverBench bench;
  bench.open();
  bench.driver->cancel();
  const std::int64_t before_ns = bench.clock.monotonic_ns();
  EXPECT_TRUE(bench.driver->poll(60'000, bench.sink).has_value());
  EXPECT_EQ(bench.clock.monotonic_ns(), before_ns);
}

TEST(Driver, ClosesPolitelyAndOpensAgain) {
  DriverBench bench;
  for (int round = 0; round < 5; ++round) {
    bench.open();
    EXPECT_EQ(bench.open_error().code, UsbErrc::kBusy);
    ASSERT_TRUE(bench.run(100).has_value());
    bench.driver->flush(bench.sink);
    bench.driver->close();
    EXPECT_FALSE(bench.device.connected());
    EXPECT_FALSE(bench.driver->poll(0, bench.sink).has_value());
  }
  EXPECT_EQ(bench.sink.segments.size(), 5u);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  bench.expect_truth();
}

TEST(Driver, AnInstrumentSlowerThanLifeIsReadToo) {
  DriverBench bench({.start_id = 0, .time_scale = 0.01});
  bench.open();
  ASSERT_TRUE(bench.run(20'000).has_value());
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_GT(bench.sink.values(), 190'000u);
  EXPECT_NEAR(bench.sink.blocks.back().time.rate_hz, 2e4, 1);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  bench.expect_truth();
}

}  // namespace
}  // namespace drivers
