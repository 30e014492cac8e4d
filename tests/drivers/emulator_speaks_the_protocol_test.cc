// SPDX-License-Identifier: Apache-2.0
// The emulated JS220 opens, is configured, streams and closes as the fact sheet of the protocol has
// it; the harness checks every byte that it sends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/js220_time64.h"
#include "drivers/signal/noise.h"
#include "drivers/usb/usb_errc.h"
#include "tests/drivers/emulator_harness.h"

namespace drivers {
namespace {

using js220::Value;

TEST(EmulatedJs220, SaysNothingBeforeItIsConnected) {
  EmulatorHarness harness;
  harness.publish("s/i/ctrl", Value::u32(1));
  harness.run(3000);
  EXPECT_TRUE(harness.frames.empty());
}

TEST(EmulatedJs220, ConnectFrameComesFirstThenTime) {
  EmulatorHarness harness({}, {.start_id = 0x1'2345'6789});
  harness.connect();
  harness.run(1);
  ASSERT_GE(harness.frames.size(), 3U);
  const auto connect = js220::decode_connect(harness.frames[0].payload);
  ASSERT_TRUE(connect.has_value());
  EXPECT_EQ(connect->protocol_version >> 24, 1U);
  EXPECT_EQ(connect->firmware_version, 0x0103'0000U);
  EXPECT_EQ(harness.frames[0].payload.size(), 24U);
  EXPECT_TRUE(js220::decode_timesync(harness.frames[1].payload).has_value());
  const auto map = js220::decode_timemap(harness.frames[2].payload);
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(map->counter, 0x1'2345'6789U);
  EXPECT_EQ(map->counter_rate, js220::kNominalCounterRate);
  EXPECT_EQ(map->utc, js220::time64_from_utc_ns(EmulatorHarness::kStartUtcNs));
}

TEST(EmulatedJs220, PongComesAfterTheMetadata) {
  EmulatorHarness harness;
  harness.connect();
  harness.publish("$", Value::null());
  harness.publish("c/!ping", Value::u32(7));
  harness.run(1);
  const auto messages = harness.published();
  ASSERT_GT(messages.size(), 20U);
  EXPECT_EQ(messages.back(), (js220::Publish{"c/!pong", Value::u32(7), 0}));
  const auto mode = harness.value_of("s/i/range/mode$");
  ASSERT_TRUE(mode.has_value());
  EXPECT_EQ(mode->text, R"({"dtype":"u8","brief":"current range mode","default":0,)"
                        R"("options":[[0,"off"],[4,"auto"],[5,"manual"]]})");
}

TEST(EmulatedJs220, AnswersEachPublishWithACode) {
  struct Case {
    std::string topic;
    Value value;
    std::int32_t code;
  };
  const std::vector<Case> cases = {
      {"s/i/range/mode", Value::u8(4), 0},
      {"s/i/range/mode", Value::str("auto"), 0},
      {"s/i/range/mode", {js220::ValueType::kF64, std::bit_cast<std::uint64_t>(4.0), {}}, 0},
      {"s/i/range/mode", Value::u8(3), 5},
      {"s/i/range/mode", Value::str("fast"), 5},
      {"s/i/range/select", Value::u32(144), 0},
      {"s/i/ctrl", Value::u8(1), 0},
      {"s/i/ctrl", Value::u8(1), 0},
      {"s/i/ctrl", Value::u8(2), 5},
      {"s/stats/ctrl", Value::u32(1), 0},
      {"s/stats/ctrl", Value::u32(0), 0},
      {"s/adc/0/ctrl", Value::u32(1), 3},
      {"s/stats/scnt", Value::u32(999), 5},
      {"s/stats/!clear", Value::u32(1), 0},
      {"s/dwnN/N", Value::u32(1), 0},
      {"s/dwnN/N", Value::u32(10), 5},
      {"c/fw/version", Value::u32(1), 18},
      {"c/no/such", Value::u32(1), 16},
      {"s/gpi/+/!req", Value::u32(1), 0},
  };
  for (const auto& test : cases) {
    EmulatorHarness harness;
    harness.connect();
    harness.publish(test.topic, test.value);
    harness.run(1);
    EXPECT_EQ(harness.value_of(test.topic + "#"), Value::i32(test.code)) << test.topic;
  }
}

TEST(EmulatedJs220, StreamsOfOneTimeStandSideBySide) {
  EmulatorHarness harness({}, {.start_id = 1'000'001});
  harness.start({"s/i/ctrl", "s/v/ctrl", "s/i/range/ctrl", "s/gpi/0/ctrl"});
  harness.run(200);
  const auto current = harness.of_port(js220::kPortCurrent);
  const auto voltage = harness.of_port(js220::kPortVoltage);
  ASSERT_GT(current.size(), 1500U);
  ASSERT_NEAR(static_cast<double>(current.size()), static_cast<double>(voltage.size()), 1.0);
  std::map<std::uint8_t, std::optional<std::uint32_t>> next;
  std::uint16_t next_id = 0;
  for (const auto& frame : harness.frames) {
    EXPECT_EQ(frame.header.frame_id, next_id++);
    const auto format = js220::stream_format(frame.header.port);
    if (!format) continue;
    EXPECT_EQ(frame.payload.size(), js220::kStreamDataBytesMax);
    auto& expected = next[frame.header.port];
    EXPECT_EQ(frame.sample_id, expected.value_or(frame.sample_id));
    expected =
        frame.sample_id + format->element_count(frame.payload.size()) * format->ids_per_element;
  }
  EXPECT_EQ(next.size(), 4U);
  for (std::size_t k = 0; k < std::min(current.size(), voltage.size()); ++k) {
    ASSERT_EQ(current[k].sample_id, voltage[k].sample_id);
  }
  // Nothing is sent before it was measured.
  for (const auto& frame : current) {
    EXPECT_LE(frame.sample_id + 252, 1'000'001 + (frame.at_ns - 5'000'000'000) / 500);
  }
}

TEST(EmulatedJs220, TransfersAreFullWhenThereIsMuch) {
  EmulatorHarness harness;
  harness.start();
  harness.run(1000);
  const auto full = std::ranges::count(harness.transfer_sizes, UsbPort::kTransferBytes);
  EXPECT_GT(static_cast<double>(full), 0.9 * static_cast<double>(harness.transfer_sizes.size()));
}

TEST(EmulatedJs220, CurrentReadsZeroUntilARangeModeIsSet) {
  EmulatorHarness harness;
  harness.connect();
  harness.publish("s/i/ctrl", Value::u32(1));
  harness.publish("s/i/range/ctrl", Value::u32(1));
  harness.run(50);
  for (const auto& frame : harness.of_port(js220::kPortCurrent)) {
    EXPECT_THAT(frame.floats(), testing::Each(0.0F));
  }
  const std::size_t zeros = harness.of_port(js220::kPortCurrent).size();
  harness.publish("s/i/range/mode", Value::u8(4));
  harness.run(50);
  ASSERT_GT(harness.of_port(js220::kPortCurrent).size(), zeros);
  EXPECT_THAT(harness.of_port(js220::kPortCurrent).back().floats(),
              testing::Contains(testing::Ne(0.0F)));
}

TEST(EmulatedJs220, ManualRangeIsSaidByTheCodes) {
  EmulatorHarness harness({.load = "constant"});
  harness.connect();
  harness.publish("s/i/range/mode", Value::u8(5));
  harness.publish("s/i/range/select", Value::u8(130));
  harness.publish("s/i/range/ctrl", Value::u32(1));
  harness.run(20);
  const auto codes = harness.of_port(js220::kPortCurrentRange);
  ASSERT_FALSE(codes.empty());
  EXPECT_THAT(codes.back().payload, testing::Each(std::byte{0x11}));
}

TEST(EmulatedJs220, SettingsSurviveAReconnectAndStreamsDoNot) {
  EmulatorHarness harness;
  harness.start();
  harness.run(20);
  const std::uint64_t before = harness.device.counter(harness.clock.monotonic_ns());
  EXPECT_EQ(harness.request(js220::kRequestDisconnect), 0);
  harness.skip(5000);
  harness.frames.clear();
  harness.connect();
  harness.publish("?", Value::null());
  harness.run(30);
  EXPECT_EQ(harness.value_of("s/i/range/mode?"), Value::u8(4));
  EXPECT_EQ(harness.value_of("s/i/ctrl?"), Value::u8(0));
  EXPECT_TRUE(harness.of_port(js220::kPortCurrent).empty());
  ASSERT_FALSE(harness.timemaps().empty());
  EXPECT_EQ(harness.timemaps()[0].counter, before + 10'000'000) << "the counter went on";
}

TEST(EmulatedJs220, TimeMapsComeEverySecondOnOneLine) {
  EmulatorHarness harness({}, {.start_id = 0xFFFF'0000, .time_scale = 0.1});
  harness.start({"s/i/ctrl"});
  harness.run(10'500);
  const auto maps = harness.timemaps();
  ASSERT_NEAR(static_cast<double>(maps.size()), 11.0, 1.0);
  for (const auto& map : maps) {
    EXPECT_EQ(map.counter_rate, js220::kNominalCounterRate / 10);
    const double seconds = static_cast<double>(map.utc - maps[0].utc) * 0x1p-30;
    EXPECT_NEAR(static_cast<double>(map.counter - maps[0].counter), seconds * 200'000, 0.01);
  }
  // Past the wrap of the 32-bit sample id.
  EXPECT_GT(maps.back().counter, 0x1'0000'0000U);
  EXPECT_LT(harness.of_port(js220::kPortCurrent).back().sample_id, 0x1000'0000U);
}

TEST(EmulatedJs220, ReadsTheInputsOnRequest) {
  EmulatorHarness harness({.load = "constant"});
  harness.connect();
  harness.publish("s/gpi/+/!req", Value::u32(1));
  harness.run(1);
  EXPECT_EQ(harness.value_of("s/gpi/+/!value"), Value::u32(0x81));  // 10 mA; id 0
}

TEST(EmulatedJs220, SurvivesAnyBytes) {
  EmulatorHarness harness;
  harness.start();
  std::uint64_t state = 1;
  for (int k = 0; k < 20'000; ++k) {
    std::vector<std::byte> junk(draw(state, 0) % 600);
    for (std::size_t at = 0; at < junk.size(); ++at) {
      junk[at] = static_cast<std::byte>(draw(state, at + 1));
    }
    // Half of them look like a publish.
    if (k % 2 == 0 && junk.size() >= 44) {
      std::ranges::copy(js220::pack_header({0, 40, 1}), junk.begin());
      if (k % 4 == 0) std::memcpy(junk.data() + 4, "s/i/ctrl", 9);
    }
    ++state;
    EXPECT_TRUE(harness.device.bulk_out(junk, harness.clock.monotonic_ns()).has_value());
    if (k % 500 == 0) harness.run(3);
  }
  harness.run(100);
  const auto refused =
      harness.device.control_in({.request_type = 0xC0, .request = 9, .length = 1}, 0);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, UsbErrc::kStall);
}

}  // namespace
}  // namespace drivers
