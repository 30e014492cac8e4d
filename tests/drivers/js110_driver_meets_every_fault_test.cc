// SPDX-License-Identifier: Apache-2.0
// The driver of the JS110 against the emulated instrument: what goes right, and each fault that the
// emulator knows. Every fault ends in a Gap, a counter or a message that says what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "proto/exact_sum.h"
#include "tests/drivers/js110_driver_bench.h"

namespace drivers {
namespace {

using ::testing::HasSubstr;

TEST(Js110, SaysWhatTheInstrumentIs) {
  Js110Bench bench;
  const std::int64_t before_ns = bench.clock.monotonic_ns();
  const auto info = bench.open();
  EXPECT_LT(bench.clock.monotonic_ns() - before_ns, 1000 * Js110Bench::kMs);
  EXPECT_EQ(info.id.to_string(), "js110/001234");
  EXPECT_EQ(info.firmware, "1.3.2");
  EXPECT_EQ(info.hardware, "H");
  EXPECT_EQ(info.calibration, "active 2019-06-08");
  EXPECT_EQ(info.sample_id_rate_hz, 2e6);
  ASSERT_EQ(info.signals.size(), 3u);
  for (const proto::Signal& signal : info.signals) {
    EXPECT_EQ(signal.rate_hz, 2e6);
    EXPECT_EQ(signal.ids_per_value, 1u);
  }
  EXPECT_EQ(info.signals[0].name, "current");
  EXPECT_EQ(info.signals[0].unit, "A");
  EXPECT_EQ(info.signals[1].name, "voltage");
  EXPECT_EQ(info.signals[2].name, "current_range");
}

class Js110Loads : public ::testing::TestWithParam<const char*> {};

TEST_P(Js110Loads, EverySampleOfTenSecondsAndItsTruth) {
  Js110Bench bench({}, {.seed = 3, .load = GetParam()});
  bench.open();
  ASSERT_TRUE(bench.run(10'000).has_value());
  bench.driver->flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_GT(bench.sink.values(), 19'800'000u);
  EXPECT_EQ(bench.driver->counters().packets_stale, 0u);
  EXPECT_EQ(bench.driver->counters().toggles_wrong, 0u);
  bench.expect_truth();
  proto::ExactAccumulator accumulator;
  for (const proto::Block& block : bench.sink.blocks) {
    accumulator.add(block.current.values, block.voltage.values);
  }
  const Truth truth = js110::compute_truth(*bench.source, "001234",
                                           {proto::SampleId(0), bench.sink.position() - 1});
  EXPECT_EQ(truth.sample_count, bench.sink.values());
  EXPECT_EQ(accumulator.sums().current, truth.current);
  EXPECT_EQ(accumulator.sums().power, truth.power);
  const proto::Block& last = bench.sink.blocks.back();
  EXPECT_NEAR(static_cast<double>(last.time.utc_ns(last.end_id()) - bench.clock.utc_ns()), 0.0,
              50.0 * Js110Bench::kMs);
}
INSTANTIATE_TEST_SUITE_P(Driver, Js110Loads, ::testing::Values("ble", "mcu", "edge"));

struct StreamFault {
  const char* text;
  std::uint64_t gaps;
  std::uint64_t ids;  // in them
};
void PrintTo(const StreamFault& fault, std::ostream* out) { *out << fault.text; }

class Js110StreamFaults : public ::testing::TestWithParam<StreamFault> {};

TEST_P(Js110StreamFaults, LoseNothingSilently) {
  const StreamFault& fault = GetParam();
  Js110Bench bench;
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  bench.fault(fault.text);
  ASSERT_TRUE(bench.run(1000).has_value());
  bench.driver->flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_EQ(bench.sink.float_gaps.size(), fault.gaps);
  EXPECT_EQ(bench.sink.ids_in_float_gaps(), fault.ids);
  EXPECT_EQ(bench.sink.values() + bench.sink.ids_in_float_gaps(), bench.sink.position().value());
  EXPECT_GT(bench.sink.position().value(), 2'500'000u);
  bench.expect_truth();
}

INSTANTIATE_TEST_SUITE_P(
    Emulator, Js110StreamFaults,
    ::testing::Values(StreamFault{"lose", 1, 126}, StreamFault{"lose 100", 1, 12'600},
                      StreamFault{"repeat 5", 0, 0}, StreamFault{"tear", 1, 126},
                      StreamFault{"status 1", 1, 126}, StreamFault{"status 255 3", 1, 378},
                      StreamFault{"type 128", 1, 126}, StreamFault{"type 0 2", 1, 252},
                      StreamFault{"length 500", 1, 126}, StreamFault{"missing 126 20", 0, 0},
                      StreamFault{"missing 1 500", 0, 0}, StreamFault{"slip 3", 0, 0}));

TEST(Js110, MissingWordsAndSlipsAreCounted) {
  Js110Bench bench;
  bench.open();
  ASSERT_TRUE(bench.run(100).has_value());
  bench.fault("missing 100 20");
  bench.fault("slip 3");
  ASSERT_TRUE(bench.run(100).has_value());
  bench.driver->flush(bench.sink);
  EXPECT_EQ(bench.driver->counters().words_missing, 2000u);
  EXPECT_EQ(bench.driver->counters().toggles_wrong, 3u);
  std::uint64_t nans = 0;
  for (const proto::Block& block : bench.sink.blocks) {
    for (const float value : block.current.values) nans += value != value ? 1 : 0;
  }
  EXPECT_EQ(nans, 2000u);
}

TEST(Js110, AnOverflowOfTheInstrumentIsAGap) {
  Js110Bench bench;
  bench.open();
  ASSERT_TRUE(bench.run(1200).has_value());
  bench.fault("delay 1500ms");
  ASSERT_TRUE(bench.run(3000).has_value());
  bench.driver->flush(bench.sink);
  ASSERT_EQ(bench.sink.float_gaps.size(), 1u);
  EXPECT_EQ(bench.sink.ids_in_float_gaps(), bench.device.packets_lost() * 126);
  EXPECT_GT(bench.device.packets_lost(), 20'000u);
  EXPECT_EQ(bench.sink.segments.size(), 1u);
  bench.expect_truth();
}

TEST(Js110, AStreamThatBeginsAnewIsANewSegment) {
  Js110Bench bench;
  bench.open();
  ASSERT_TRUE(bench.run(1500).has_value());
  bench.fault("restart");
  ASSERT_TRUE(bench.run(1500).has_value());
  bench.driver->flush(bench.sink);
  EXPECT_EQ(bench.sink.segments.size(), 2u);
  EXPECT_EQ(bench.driver->counters().index_restarts, 1u);
  bench.expect_truth();
}

TEST(Js110, SilenceIsToldAfterTwoSecondsAndWhatArrivedIsKept) {
  Js110Bench bench;
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  const std::int64_t before_ns = bench.clock.monotonic_ns();
  bench.fault("silent");
  const auto polled = bench.run(10'000);
  ASSERT_FALSE(polled.has_value());
  EXPECT_EQ(polled.error().code, UsbErrc::kTimeout);
  EXPECT_THAT(polled.error().message(), HasSubstr("js110/001234 sent no samples for 2 s"));
  EXPECT_NEAR(static_cast<double>(bench.clock.monotonic_ns() - before_ns), 2e9, 0.1e9);
  EXPECT_GT(bench.sink.position().value(), 580'000u) << "the last samples were kept back";
  bench.driver->close();
  EXPECT_EQ(bench.open_error().code, UsbErrc::kTimeout);
  bench.fault("heal");
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  EXPECT_EQ(bench.sink.segments.size(), 2u);
  bench.expect_truth();
}

TEST(Js110, UnpluggingIsToldAndPluggingInIsANewSegment) {
  for (const char* text : {"disconnect 500ms", "replug 500ms"}) {
    SCOPED_TRACE(text);
    Js110Bench bench;
    bench.open();
    ASSERT_TRUE(bench.run(300).has_value());
    bench.fault(text);
    const auto polled = bench.run(1000);
    ASSERT_FALSE(polled.has_value());
    EXPECT_EQ(polled.error().code, UsbErrc::kNoDevice);
    EXPECT_THAT(polled.error().message(), HasSubstr("js110/001234 is gone: check its cable"));
    bench.driver->close();
    EXPECT_EQ(bench.open_error().code, UsbErrc::kNoDevice);
    bench.clock.advance(500 * Js110Bench::kMs);
    bench.open();
    ASSERT_TRUE(bench.run(300).has_value());
    ASSERT_EQ(bench.sink.segments.size(), 2u);
    EXPECT_EQ(bench.sink.segments[1].first_id, proto::SampleId(0));
    bench.expect_truth();
  }
}

TEST(Js110, AStallIsClearedAndAStormOfErrorsEnds) {
  Js110Bench bench;
  bench.open();
  bench.fault("stall-in 3");
  bench.fault("io-error 5");
  ASSERT_TRUE(bench.run(500).has_value());
  EXPECT_EQ(bench.driver->counters().transfers_failed, 8u);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
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

class Js110OpenFaults : public ::testing::TestWithParam<OpenFault> {};

TEST_P(Js110OpenFaults, AreToldAndPass) {
  const OpenFault& fault = GetParam();
  Js110Bench bench;
  bench.fault(fault.text);
  const auto error = bench.open_error();
  EXPECT_EQ(error.code, fault.code);
  EXPECT_THAT(error.message(), HasSubstr("js110/001234"));
  EXPECT_THAT(error.message(), HasSubstr(fault.message));
  bench.fault("heal");
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  EXPECT_GT(bench.sink.values(), 400'000u);
  bench.expect_truth();
}

INSTANTIATE_TEST_SUITE_P(
    Emulator, Js110OpenFaults,
    ::testing::Values(
        OpenFault{"busy", UsbErrc::kTimeout, "did not take its settings within 3000 ms: unplug it"},
        OpenFault{"settings-error 7", UsbErrc::kProtocol, "refused its settings (code 7): unplug"},
        OpenFault{"stall-request 3", UsbErrc::kStall, "ask js110/001234 (request 3)"},
        OpenFault{"empty-answer 3", UsbErrc::kProtocol,
                  "its answer of 0 bytes is not one of protocol version 1: update"},
        OpenFault{"protocol 2", UsbErrc::kProtocol,
                  "it speaks protocol version 2, this program speaks 1: update wattspool or the "
                  "instrument's firmware"},
        OpenFault{"stall-request 4", UsbErrc::kStall, "ask js110/001234 (request 4)"},
        OpenFault{"stall-request 9", UsbErrc::kStall, "ask js110/001234 (request 9)"},
        OpenFault{"io-error 10", UsbErrc::kIo, "receive from js110/001234"},
        OpenFault{"silent", UsbErrc::kTimeout, "ask js110/001234 (request 3)"},
        OpenFault{"disconnect 100ms", UsbErrc::kNoDevice, "ask js110/001234"}));

TEST(Js110, WhatOldFirmwareLacksIsNotNeeded) {
  Js110Bench bench;
  for (const char* text : {"short-status", "stall-request 10", "stall-request 7"}) {
    bench.fault(text);
  }
  const auto info = bench.open();
  EXPECT_EQ(info.firmware, "");
  ASSERT_TRUE(bench.run(100).has_value());
  EXPECT_GT(bench.sink.values(), 100'000u);
}

TEST(Js110, TheFactoryCalibrationStandsInForADamagedOneAndIsNamed) {
  Js110Bench bench;
  bench.fault("damage 1");
  EXPECT_EQ(bench.open().calibration, "factory 2019-06-08");
  ASSERT_TRUE(bench.run(100).has_value());
  bench.expect_truth();
}

// Both copies of the calibration are unusable, in three ways.
TEST(Js110, WithoutACalibrationItHasNoValuesAndSaysWhy) {
  for (const auto& [fault, why] :
       {std::pair{"damage 2",
                  "(active: a record of it fails its checksum; factory: a record of it fails its "
                  "checksum)"},
        std::pair{"empty-answer 8 2", "(active: it ends too early"},
        std::pair{"stall-request 8 2", "(active: it ends too early"}}) {
    Js110Bench bench;
    bench.fault(fault);
    const auto info = bench.open();
    EXPECT_THAT(info.uncalibrated, ::testing::HasSubstr(why));
    EXPECT_EQ(info.calibration, "none");
    EXPECT_TRUE(info.calibration_file.empty());
    ASSERT_TRUE(bench.run(100).has_value());
    EXPECT_GT(bench.sink.values(), 100'000U);
    const auto is_nan = [](float value) { return std::isnan(value); };
    for (const proto::Block& block : bench.sink.blocks) {
      EXPECT_TRUE(std::ranges::all_of(block.current.values, is_nan));
      EXPECT_TRUE(std::ranges::all_of(block.voltage.values, is_nan));
    }
    bench.driver->close();
    bench.fault("heal");
    EXPECT_EQ(bench.open().uncalibrated, "") << "restored and opened again";
  }
}

// What the target sees of a recorder: nothing.
TEST(Js110, TheTargetStaysPowered) {
  Js110Bench bench;
  bench.open();
  EXPECT_EQ(bench.device.settings().select, js110::kSelectAuto) << "it was off at power-on";
  ASSERT_TRUE(bench.run(50).has_value());
  bench.driver->close();
  EXPECT_EQ(bench.device.settings(),
            (js110::Settings{1, js110::kSelectAuto, js110::kSourceRaw, 0, 0}));
  for (const std::uint8_t select : {0x01, 0x08, 0x00}) {
    // Another program left it so, in the 5 V range, streaming, with an input mapped.
    const auto settings = js110::encode(js110::Settings{
        1, select, js110::kSourceRaw, js110::kOptionVoltage5V, js110::kStreamingRun});
    const auto extio = js110::encode(js110::Extio{.current_gpi = js110::kLsbGpi0, .gpo1 = 1});
    const std::int64_t now_ns = bench.clock.monotonic_ns();
    const auto out = [&](std::uint8_t request, std::span<const std::byte> bytes) {
      ASSERT_TRUE(bench.device
                      .control_out({.request_type = js110::kRequestTypeOut,
                                    .request = request,
                                    .length = static_cast<std::uint16_t>(bytes.size())},
                                   bytes, now_ns)
                      .has_value());
    };
    out(js110::kRequestSettings, settings);
    out(js110::kRequestExtio, extio);
    bench.clock.advance(77 * Js110Bench::kMs);
    bench.sink = RecordingSink();
    bench.make_driver({});
    bench.open();
    ASSERT_TRUE(bench.run(100).has_value());
    bench.driver->flush(bench.sink);
    EXPECT_EQ(bench.device.settings().select, select);
    EXPECT_EQ(bench.device.extio().current_gpi, js110::kLsbNormal);
    EXPECT_EQ(bench.device.extio().gpo1, 1);
    ASSERT_EQ(bench.sink.segments.size(), 1u);
    EXPECT_EQ(bench.sink.segments[0].first_id, proto::SampleId(0));
    EXPECT_TRUE(bench.sink.float_gaps.empty());
    bench.expect_truth({.select = select, .voltage_range = 1});
    bench.driver->close();
    EXPECT_EQ(bench.device.settings().select, select);
    EXPECT_EQ(bench.device.settings().streaming, 0);
  }
}

TEST(Js110, ARangeIsSetByItsName) {
  Js110Bench bench({.serial = {}, .codes = {"current_range"}, .current_range = "18 mA"});
  bench.open();
  ASSERT_TRUE(bench.run(100).has_value());
  EXPECT_EQ(bench.device.settings().select, 0x08);
  bench.expect_truth({.select = 0x08});
  Js110Bench other({.serial = {}, .codes = {}, .current_range = "42 A"});
  EXPECT_THAT(other.open_error().message(),
              HasSubstr("current range '42 A' of js110/001234: a JS110 has keep, auto, 10 A"));
  EXPECT_EQ(other.device.settings(), js110::Settings{}) << "it was touched all the same";
}

TEST(Js110, InputsAreMappedWhenTheyAreRecorded) {
  Js110Bench bench({.serial = {}, .codes = {"current_range", "gpi0", "gpi1"}});
  bench.open();
  ASSERT_TRUE(bench.run(300).has_value());
  EXPECT_EQ(bench.device.extio().current_gpi, js110::kLsbGpi0);
  EXPECT_EQ(bench.device.extio().voltage_gpi, js110::kLsbGpi1);
  bench.expect_truth({.current_gpi = js110::kLsbGpi0, .voltage_gpi = js110::kLsbGpi1});
  bool high = false;
  for (const proto::Block& block : bench.sink.blocks) {
    ASSERT_EQ(block.codes.size(), 3u);
    for (const proto::CodeRun& run : block.codes[1].runs) high = high || run.code == 1;
  }
  EXPECT_TRUE(high);
}

TEST(Js110, RefusesSignalsThatItCannotGive) {
  Js110Bench bench({.serial = {}, .codes = {"gpi2"}});
  const auto error = bench.open_error();
  EXPECT_EQ(error.code, std::errc::invalid_argument);
  EXPECT_THAT(error.message(), HasSubstr("'gpi2': a JS110 has current_range, voltage_range"));
}

TEST(Js110, CancelEndsAWait) {
  Js110Bench bench;
  bench.open();
  bench.driver->cancel();
  const std::int64_t before_ns = bench.clock.monotonic_ns();
  EXPECT_TRUE(bench.driver->poll(60'000, bench.sink).has_value());
  EXPECT_EQ(bench.clock.monotonic_ns(), before_ns);
}

TEST(Js110, ClosesPolitelyAndOpensAgain) {
  Js110Bench bench;
  for (int round = 0; round < 5; ++round) {
    bench.open();
    EXPECT_EQ(bench.open_error().code, UsbErrc::kBusy);
    ASSERT_TRUE(bench.run(100).has_value());
    bench.driver->flush(bench.sink);
    bench.driver->close();
    EXPECT_EQ(bench.device.settings().streaming, 0);
    EXPECT_FALSE(bench.driver->poll(0, bench.sink).has_value());
  }
  EXPECT_EQ(bench.sink.segments.size(), 5u);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  bench.expect_truth();
}

// Faults are lines of text; each kind of mistake in one is told.
TEST(Js110, AFaultThatIsWrittenWronglyIsExplained) {
  for (const char* text : {"", "loose", "lose x", "lose 0", "lose 1 2", "status", "status 256",
                           "silent 2", "damage 3", "delay", "busy 1"}) {
    const auto fault = js110::parse_fault(text);
    ASSERT_FALSE(fault.has_value()) << text;
    EXPECT_EQ(fault.error().code, std::errc::invalid_argument);
  }
  EXPECT_TRUE(js110::parse_fault("silent 20us").has_value());
}

}  // namespace
}  // namespace drivers
