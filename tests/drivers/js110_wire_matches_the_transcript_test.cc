// SPDX-License-Identifier: Apache-2.0
// Golden bytes of a conversation with the vendor's driver (protocol sheet of the JS110, section 16
// and 9), and the bounds of each decoder.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "drivers/js110_samples.h"
#include "drivers/js110_wire.h"
#include "proto/byte_order.h"
#include "tests/drivers/hex_bytes.h"
#include "tests/drivers/js110_golden.h"

namespace drivers::js110 {
namespace {

TEST(Js110Wire, SettingsAreThoseOfTheTranscript) {
  const std::vector<std::pair<Settings, const char*>> cases = {
      {{.sensor_power = 1, .select = kSelectAuto, .source = kSourceRaw},
       "01 10 01 00 00 00 00 00 01 80 C0 00 00 00 00 00"},
      {{.sensor_power = 1, .select = kSelectAuto, .source = kSourceRaw, .streaming = kStreamingRun},
       "01 10 01 00 00 00 00 00 01 80 C0 00 03 00 00 00"},
      {{1, kSelectAuto, kSourceRaw, kOptionVoltage5V, kStreamingRun},
       "01 10 01 00 00000000 01 80 C0 02 03 00 00 00"},
      {{1, 0x08, kSourceRaw, 0, 0}, "01 10 01 00 00000000 01 08 C0 00 00 00 00 00"},
      {{1, kSelectOff, kSourceRaw, 0, 0}, "01 10 01 00 00000000 01 00 C0 00 00 00 00 00"},
  };
  for (const auto& [settings, hex] : cases) {
    EXPECT_EQ(to_vector(encode(settings)), from_hex(hex));
    EXPECT_EQ(decode_settings(from_hex(hex)), settings);
  }
}

TEST(Js110Wire, SettingsOfAnotherKindAreNone) {
  auto bytes = to_vector(encode(Settings{}));
  EXPECT_TRUE(decode_settings(bytes).has_value());
  for (std::size_t at = 0; at < 3; ++at) {
    auto other = bytes;
    other[at] = std::byte{9};
    EXPECT_FALSE(decode_settings(other).has_value());
  }
  bytes.pop_back();
  EXPECT_FALSE(decode_settings(bytes).has_value());
  bytes.resize(17);
  EXPECT_FALSE(decode_settings(bytes).has_value());
  EXPECT_FALSE(decode_settings({}).has_value());
}

TEST(Js110Wire, StatusIsThatOfTheTranscript) {
  const auto head = from_hex(
      "01 68 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 80 C0 00"
      "40 42 0F 00 00 00 00 00");
  const auto bytes = join({head, zeros(24), from_hex("40 42 0F 00 40 42 0F 00 80 84 1E 00"),
                           zeros(104 - 32 - 24 - 12)});
  Status status{.sensor_select = kSelectAuto, .sensor_source = kSourceRaw};
  status.statistics = SensorStatistics{.samples_total = 1'000'000,
                                       .samples_this = 1'000'000,
                                       .samples_per_update = 1'000'000,
                                       .samples_per_second = 2'000'000};
  EXPECT_EQ(decode_status(bytes), status);
  EXPECT_EQ(to_vector(encode(status).span()), bytes);
  for (const auto& [code, hex] :
       {std::pair{kSettingsNotIssued, "FF FF FF FF"}, std::pair{kSettingsBusy, "13 00 00 00"}}) {
    auto other = bytes;
    std::ranges::copy(from_hex(hex), other.begin() + 8);
    ASSERT_TRUE(decode_status(other).has_value());
    EXPECT_EQ(decode_status(other)->settings_result, code);
  }
}

TEST(Js110Wire, StatusHasTwoLengthsAndSaysWhich) {
  const Status old{.settings_result = 5, .fpga_discarded = 7, .sensor_select = 4};
  const auto bytes = to_vector(encode(old).span());
  EXPECT_EQ(bytes.size(), kShortStatusBytes);
  EXPECT_EQ(decode_status(bytes), old);
  for (std::size_t size = 0; size <= 128; ++size) {
    std::vector<std::byte> cut = bytes;
    cut.resize(size);
    EXPECT_EQ(decode_status(cut).has_value(), size == kShortStatusBytes) << size;
  }
}

TEST(Js110Wire, ExtioIsThatOfTheTranscript) {
  const auto bytes = from_hex("01 18 03 00 00000000 00 00 00 00 00 00 00 00 00000000 08 07 00 00");
  EXPECT_EQ(to_vector(encode(Extio{.io_voltage_mv = 1800})), bytes);
  EXPECT_EQ(decode_extio(bytes), (Extio{.io_voltage_mv = 1800}));
  const Extio all{1, 2, kLsbGpi0, kLsbGpi1, 1, 1, 3, 5000};
  EXPECT_EQ(decode_extio(encode(all)), all);
  EXPECT_FALSE(decode_extio(std::span(bytes).first(23)).has_value());
}

TEST(Js110Wire, PacketHeadersAreThoseOfTheTranscript) {
  const std::vector<std::pair<PacketHeader, const char*>> cases = {
      {{}, "01 00 00 02 00 00 00 00"},
      {{.index = 1}, "01 00 00 02 01 00 00 00"},
      {{.voltage_range = 1}, "01 00 00 82 00 00 00 00"},
      {{.buffer_type = 0x80, .status = 2, .length = 511, .index = 0xFFFE, .usb_frame = 0x1234},
       "80 02 FF 01 FE FF 34 12"},
  };
  for (const auto& [header, hex] : cases) {
    EXPECT_EQ(to_vector(pack_header(header)), from_hex(hex));
    const auto bytes = from_hex(hex);
    EXPECT_EQ(unpack_header(std::span(bytes).first<kPacketHeaderBytes>()), header);
  }
}

TEST(Js110Wire, OnlyAWholePacketOfRawSamplesIsOne) {
  std::vector<std::byte> packet(kPacketBytes);
  const auto put = [&packet](const PacketHeader& header) {
    std::ranges::copy(pack_header(header), packet.begin());
  };
  put({.voltage_range = 1, .index = 9});
  EXPECT_EQ(parse_packet(packet), (PacketHeader{.voltage_range = 1, .index = 9}));
  EXPECT_FALSE(parse_packet(std::span(packet).first(511)).has_value());
  EXPECT_FALSE(parse_packet({}).has_value());
  for (const PacketHeader& header :
       {PacketHeader{.buffer_type = 0x80}, PacketHeader{.buffer_type = 0},
        PacketHeader{.status = 1}, PacketHeader{.length = 511}}) {
    put(header);
    EXPECT_FALSE(parse_packet(packet).has_value());
  }
}

struct GoldenWord {
  std::uint32_t word;
  Sample sample;
  float current;
  float voltage;
  float power;
};

// Section 9.
const std::array<GoldenWord, 7> kGolden = {{
    {0x1F403E80, {0, 4000, 2000, false}, 0.814882219F, 0.804228485F, 0.65535152F},
    {0x80028001, {1, 8192, 8192, true}, 0.879244983F, 6.66688395F, 5.86182404F},
    {0x11FC2C16, {2, 2821, 1151, false}, 1.73900071e-06F, 0.000385682273F, 6.70701772e-10F},
    {0x3E824E23, {3, 5000, 4000, true}, 0.0032524867F, 2.69785094F, 0.00877472479F},
    {0xFFFDFFFC, {4, 16383, 16383, false}, 0.00203037867F, 14.4222155F, 0.0292825587F},
    {0x4E232C15, {5, 2821, 5000, true}, 6.25548058e-09F, 3.64466238F, 2.27991137e-08F},
    {0x5DC12EE2, {6, 3000, 6000, false}, 2.71704209e-07F, 4.59147358F, 1.24752273e-06F},
}};

std::vector<std::byte> words_of(std::uint32_t word) {
  std::vector<std::byte> bytes;
  for (std::size_t k = 0; k < kPacketWords; ++k) proto::append(bytes, word);
  return bytes;
}

Samples convert_one(const std::vector<std::byte>& words, std::uint8_t voltage_range) {
  Calibration calibration = golden_calibration();
  calibration.current[kRangeOff] = {};
  Samples samples;
  convert(std::span(words).first<kPacketWords * 4>(), calibration, voltage_range, samples);
  return samples;
}

TEST(Js110Wire, GoldenWordsAreWhatTheyAre) {
  for (const GoldenWord& golden : kGolden) {
    EXPECT_EQ(pack_word(golden.sample), golden.word);
    EXPECT_EQ(unpack_word(golden.word), golden.sample);
    const Samples samples = convert_one(words_of(golden.word), 0);
    EXPECT_TRUE(samples.one_range);
    EXPECT_EQ(samples.range[0], golden.sample.range);
    for (const std::size_t k : {std::size_t{0}, kPacketWords - 1}) {
      EXPECT_EQ(samples.current[k], golden.current);
      EXPECT_EQ(samples.voltage[k], golden.voltage);
      // The sheet's power is of the doubles; ours is of the floats: one step apart at the most.
      EXPECT_FLOAT_EQ(samples.current[k] * samples.voltage[k], golden.power);
    }
  }
}

TEST(Js110Wire, TheVoltageRangeIsThatOfThePacket) {
  const Samples samples = convert_one(words_of(pack_word({3, 0, 16383, false})), 1);
  EXPECT_NEAR(samples.voltage[0], 4.2081, 1e-4);
  EXPECT_NEAR(samples.current[0], -4.2163e-3, 5e-8);
}

TEST(Js110Wire, TheRangeOffIsExactlyNoCurrent) {
  const Samples samples = convert_one(words_of(pack_word({kRangeOff, 1234, 4000, false})), 0);
  EXPECT_EQ(samples.range[5], kRangeOff);
  EXPECT_EQ(samples.current[5], 0.0F);
  EXPECT_EQ(samples.voltage[5], 2.69785094F);
  EXPECT_FALSE(samples.has_missing);
}

TEST(Js110Wire, OnlyTheWholeWordIsMissing) {
  auto words = words_of(pack_word({3, 5000, 4000, false}));
  std::memset(words.data() + 4 * 7, 0xFF, 4);
  Samples samples = convert_one(words, 0);
  EXPECT_TRUE(samples.has_missing);
  EXPECT_FALSE(samples.one_range);
  EXPECT_EQ(samples.range[7], kRangeMissing);
  EXPECT_NE(samples.current[7], samples.current[7]);
  EXPECT_NE(samples.voltage[7], samples.voltage[7]);
  EXPECT_EQ(samples.current[8], 0.0032524867F);
  samples = convert_one(words_of(kMissingWord), 0);
  EXPECT_TRUE(samples.has_missing);
  EXPECT_TRUE(samples.one_range);
  EXPECT_EQ(samples.range[125], kRangeMissing);
  samples = convert_one(words_of(kMissingWord ^ (1u << 17)), 0);
  EXPECT_FALSE(samples.has_missing);
  EXPECT_EQ(samples.range[0], kRangeOff);
}

TEST(Js110Wire, AToggleThatDoesNotAlternateIsCounted) {
  std::vector<std::byte> words;
  for (std::size_t k = 0; k < kPacketWords; ++k) {
    proto::append(words, pack_word({3, 5000, 4000, k % 2 != 0}));
  }
  EXPECT_EQ(convert_one(words, 0).toggles_wrong, 0u);
  const auto other = pack_word({3, 5000, 4000, true});
  std::memcpy(words.data() + 4 * 10, &other, 4);  // wrong against both neighbours
  EXPECT_EQ(convert_one(words, 0).toggles_wrong, 2u);
  std::memset(words.data() + 4 * 10, 0xFF, 4);  // missing: nothing is known of it
  EXPECT_EQ(convert_one(words, 0).toggles_wrong, 0u);
}

}  // namespace
}  // namespace drivers::js110
