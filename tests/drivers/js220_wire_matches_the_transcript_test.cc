// SPDX-License-Identifier: Apache-2.0
// Golden bytes of a recorded conversation with the vendor's driver, and bounds of each decoder.
#include <gtest/gtest.h>

#include <array>

#include "drivers/js220_pubsub.h"
#include "drivers/js220_time64.h"
#include "drivers/js220_wire.h"
#include "drivers/usb/usb_errc.h"
#include "tests/drivers/hex_bytes.h"

namespace drivers::js220 {
namespace {

FrameView parsed(const std::vector<std::byte>& bytes) {
  const auto frame = parse_frame(bytes);
  EXPECT_TRUE(frame.has_value());
  return frame.value_or(FrameView{});
}

TEST(Js220Wire, PacksTheHeader) {
  const FrameHeader header{.frame_id = 0x1234, .length = 508, .port = 21};
  EXPECT_EQ(to_vector(pack_header(header)), from_hex("34 12 FC 2B"));
  EXPECT_EQ(unpack_header(pack_header(header)), header);
  // Statistics, 192 bytes on port 30.
  EXPECT_EQ(to_vector(pack_header({.frame_id = 0, .length = 192, .port = 30})),
            from_hex("00 00 C0 3C"));
}

TEST(Js220Wire, ConnectIsThatOfTheTranscript) {
  const auto bytes = from_hex(
      "00 00 18 00  01 00 00 00  00 00 00 01  00 00 00 00  00 00 03 01  00 00 00 01  00 00 03 01");
  const Connect connect{.protocol_version = 0x01000000,
                        .firmware_version = 0x01030000,
                        .hardware_version = 0x01000000,
                        .fpga_version = 0x01030000};
  EXPECT_EQ(to_vector(encode(0, connect).span()), bytes);
  EXPECT_EQ(decode_connect(parsed(bytes).payload), connect);
}

TEST(Js220Wire, TimesyncIsThatOfTheTranscript) {
  const auto request = join({from_hex("01 00 2C 00 03 00 00 00"), zeros(8),
                             from_hex("89 67 45 23 01 00 00 00"), zeros(24)});
  EXPECT_EQ(to_vector(encode(1, Timesync{.start_count = 0x123456789}).span()), request);
  const auto decoded = decode_timesync(parsed(request).payload);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->start_count, 0x123456789u);
}

TEST(Js220Wire, TimemapIsThatOfTheTranscript) {
  const auto bytes =
      join({from_hex("02 00 24 00 04 00 00 00"), zeros(8),
            from_hex("00 00 00 00 E0 C2 4A 03 89 67 45 23 01 00 00 00 00 00 00 00 80 84 1E 00")});
  const Timemap map{
      .utc = 0x034AC2E000000000, .counter = 0x123456789, .counter_rate = kNominalCounterRate};
  EXPECT_EQ(to_vector(encode(2, map).span()), bytes);
  EXPECT_EQ(decode_timemap(parsed(bytes).payload), map);
}

TEST(Js220Wire, PublishesAreThoseOfTheTranscript) {
  struct Case {
    std::uint16_t frame_id;
    Direction direction;
    Publish message;
    std::vector<std::byte> bytes;
  };
  const std::string metadata = R"({"dtype":"bool","brief":"i","default":0})";
  const std::array cases = {
      Case{0,
           Direction::kToDevice,
           {"$", Value::null(), 0},
           join({from_hex("00 00 2C 02 24"), zeros(31), from_hex("00 00 00 00"), zeros(8)})},
      Case{3,
           Direction::kToHost,
           {"s/i/ctrl$", Value::json(metadata), kFlagRetain},
           join({from_hex("03 00 4D 02 73 2F 69 2F 63 74 72 6C 24"), zeros(23),
                 from_hex("02 01 00 00"),
                 from_hex("7B 22 64 74 79 70 65 22 3A 22 62 6F 6F 6C 22 2C 22 62 72 69 65 66 22 3A"
                          "22 69 22 2C 22 64 65 66 61 75 6C 74 22 3A 30 7D 00")})},
      Case{1,
           Direction::kToDevice,
           {"c/!ping", Value::u32(1), 0},
           join({from_hex("01 00 2C 02 63 2F 21 70 69 6E 67"), zeros(25), from_hex("0A 00 00 00"),
                 from_hex("01"), zeros(7)})},
      Case{3,
           Direction::kToDevice,
           {"s/i/ctrl", Value::u8(1), kFlagRetain},
           join({from_hex("03 00 2C 02 73 2F 69 2F 63 74 72 6C"), zeros(24),
                 from_hex("08 01 00 00 01"), zeros(7)})},
      Case{5,
           Direction::kToHost,
           {"s/i/ctrl#", Value::i32(0), 0},
           join({from_hex("05 00 2C 02 73 2F 69 2F 63 74 72 6C 23"), zeros(23),
                 from_hex("0E 00 00 00"), zeros(8)})},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.message.topic);
    const auto frame = encode(c.frame_id, c.message, c.direction);
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(to_vector(frame->span()), c.bytes);
    const auto decoded = decode_publish(parsed(c.bytes).payload);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(*decoded, c.message);
  }
}

TEST(Js220Wire, OnlyTheLowBytesOfAScalarCount) {
  auto bytes = to_vector(encode(0, {"a", Value::u8(1), 0}, Direction::kToDevice)->span());
  for (std::size_t i = 41; i < 48; ++i) bytes[i] = std::byte{0xA5};
  EXPECT_EQ(decode_publish(parsed(bytes).payload)->value, Value::u8(1));
}

TEST(Js220Wire, IntegersOfEveryType) {
  EXPECT_EQ(Value::i32(-5).integer(), -5);
  EXPECT_EQ((Value{ValueType::kI8, 0xFF, {}}).integer(), -1);
  EXPECT_EQ((Value{ValueType::kI16, 0x8000, {}}).integer(), -32768);
  EXPECT_EQ((Value{ValueType::kU64, ~0ull, {}}).integer(), std::nullopt);
  EXPECT_EQ((Value{ValueType::kF32, 0x40000000, {}}).integer(), 2);                  // 2.0f
  EXPECT_EQ((Value{ValueType::kF32, 0x40200000, {}}).integer(), std::nullopt);       // 2.5f
  EXPECT_EQ((Value{ValueType::kF64, 0x7FF0ull << 48, {}}).integer(), std::nullopt);  // infinity
  EXPECT_EQ(Value::str("1").integer(), std::nullopt);
}

TEST(Js220Wire, RefusesWhatDoesNotFitAFrame) {
  const auto refused = [](const Publish& message) {
    const auto frame = encode(0, message, Direction::kToDevice);
    return !frame.has_value() && frame.error().code == UsbErrc::kProtocol;
  };
  EXPECT_TRUE(refused({std::string(32, 'a'), Value::u8(0), 0}));
  EXPECT_TRUE(refused({"", Value::u8(0), 0}));
  EXPECT_TRUE(refused({"a", Value::str(std::string(472, 'x')), 0}));
  EXPECT_TRUE(refused({"a", Value::str(""), 0}));
  EXPECT_TRUE(encode(0, {"a", Value::str(std::string(471, 'x')), 0}, Direction::kToHost));
}

TEST(Js220Wire, ALengthIsNeverTrusted) {
  auto bytes = to_vector(encode(0, Connect{}).span());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto frame = parse_frame(std::span(bytes).first(size));
    ASSERT_FALSE(frame.has_value());
    EXPECT_EQ(frame.error(), size < 4 ? FrameFault::kShortHeader : FrameFault::kLengthBeyondSlot);
  }
  // 9 bits of length reach 511, a slot holds 508.
  std::vector<std::byte> slot(kFrameBytes + 3);
  const auto header = pack_header({.frame_id = 0, .length = 511, .port = 21});
  std::ranges::copy(header, slot.begin());
  EXPECT_FALSE(parse_frame(slot).has_value());
}

TEST(Js220Wire, EveryDecoderStopsAtTheEnd) {
  const auto publish = to_vector(encode(0, {"a/b", Value::u32(7), 0}, Direction::kToHost)->span());
  const auto control = to_vector(encode(0, Timesync{}).span());
  for (std::size_t size = 0; size < 36 + 4; ++size) {
    EXPECT_FALSE(decode_publish(std::span(publish).subspan(4).first(size)).has_value()) << size;
  }
  for (std::size_t size = 0; size < 44; ++size) {
    EXPECT_FALSE(decode_timesync(std::span(control).subspan(4).first(size)).has_value()) << size;
  }
  EXPECT_FALSE(parse_stream(std::span(control).first(3)).has_value());
  EXPECT_FALSE(control_op({}).has_value());
}

TEST(Js220Wire, AMessageWithoutTopicEndTextOrKnownTypeIsRefused) {
  std::vector<std::byte> payload(44, std::byte{'a'});
  EXPECT_FALSE(decode_publish(payload).has_value());
  payload.assign(36, std::byte{0});
  payload[32] = static_cast<std::byte>(ValueType::kJson);
  EXPECT_FALSE(decode_publish(payload).has_value());
  payload.assign(44, std::byte{0});
  payload[32] = std::byte{99};
  EXPECT_FALSE(decode_publish(payload).has_value());
}

TEST(Js220Wire, ElementsArePackedLowFirst) {
  std::array<std::byte, 2> data{};
  for (std::size_t i = 0; i < 4; ++i) set_u4(data, i, static_cast<std::uint8_t>(i + 1));
  EXPECT_EQ(to_vector(data), from_hex("21 43"));
  EXPECT_EQ(u4_at(data, 2), 3);
  set_u4(data, 0, 0xF);
  EXPECT_EQ(to_vector(data), from_hex("2F 43"));

  data = {};
  set_u1(data, 0, true);
  set_u1(data, 9, true);
  EXPECT_EQ(to_vector(data), from_hex("01 02"));
  EXPECT_EQ(u1_at(data, 9), 1);
  EXPECT_EQ(u1_at(data, 8), 0);
  set_u1(data, 9, false);
  EXPECT_EQ(u1_at(data, 9), 0);
}

TEST(Js220Wire, Time64) {
  constexpr std::int64_t kNewYear2025Ns = 1'735'689'600'000'000'000;
  EXPECT_EQ(time64_from_utc_ns(kNewYear2025Ns), 0x034AC2E000000000);
  EXPECT_EQ(utc_ns_from_time64(0x034AC2E000000000), kNewYear2025Ns);
  // One tick is 0.93 ns: there and back is within 1 ns, before the epoch too.
  for (const std::int64_t utc_ns : {std::int64_t{0}, std::int64_t{-1}, kNewYear2025Ns + 999'999'999,
                                    std::int64_t{1'514'764'799'999'999'999}}) {
    const auto back = utc_ns_from_time64(time64_from_utc_ns(utc_ns));
    ASSERT_TRUE(back.has_value());
    EXPECT_NEAR(static_cast<double>(*back - utc_ns), 0.0, 1.0);
  }
  // 2^33 s after 2018 is past the last year that nanoseconds can tell.
  EXPECT_EQ(utc_ns_from_time64(INT64_MAX), std::nullopt);
  EXPECT_TRUE(utc_ns_from_time64(INT64_MIN).has_value());
}

}  // namespace
}  // namespace drivers::js220
