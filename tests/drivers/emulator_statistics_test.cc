// SPDX-License-Identifier: Apache-2.0
// The emulated instruments' own statistics are those of the samples that they play, block after
// block, in the vendor's layout.
#include <gtest/gtest.h>

#include <cmath>

#include "drivers/js110_device.h"
#include "drivers/js220_statistics.h"
#include "drivers/little_endian.h"
#include "tests/drivers/emulator_harness.h"
#include "tests/drivers/hex_bytes.h"

namespace drivers {
namespace {

using js220::Value;

// Sheet of the JS220, section 8.
constexpr std::string_view kGolden =
    "20 a1 07 92 80 84 1e 00 89 67 45 23 01 00 00 00 00 00 00 23 01 00 00 00 00 00 00 00 48 e8 01 "
    "00"
    "00 00 00 20 00 00 00 00 00 00 00 60 00 00 00 00 00 00 00 00 b0 71 0b 00 00 00 00 80 01 00 00 "
    "00"
    "00 00 00 80 01 00 00 00 00 00 00 80 8d 5b 00 00 00 00 00 f8 ff ff ff ff 00 00 00 0c 00 00 00 "
    "00"
    "00 00 00 00 00 00 00 80 96 98 00 00 00 00 00 00 00 00 00 00 b8 17 fe ff ff ff ff ff ff ff ff "
    "ff"
    "00 00 00 00 00 00 00 00 88 2a 11 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
    "00"
    "00 00 00 00 00 00 00 a2 4a 04 00 00 00 00 00 00 00 00 00 00 d8 b8 05 00 00 00 00 00 00 00 00 "
    "00";

TEST(Js220Statistics, BytesAreThoseOfTheSheet) {
  constexpr std::int64_t kOne = std::int64_t{1} << 31;
  constexpr std::int64_t kWatt = std::int64_t{1} << 27;
  const js220::Statistics statistics{
      .block_values = 500'000,
      .block_sample_id = 0x1'2345'6789,
      .integral_sample_id = 0x1'2300'0000,
      .current = {250'000 * kOne, kOne / 4, kOne / 4 * 3, (Int128{156'250} << 62)},
      .voltage = {1'500'000 * kOne, 3 * kOne, 3 * kOne, Int128{4'500'000} << 62},
      .power = {750'000 * kWatt, -kWatt, kWatt / 2 * 3, Int128{1'125'000} << 54},
      .current_integral = -250'000 * kOne,
      .power_integral = 750'000 * kOne};
  const auto frame = js220::encode(7, statistics);
  EXPECT_EQ(to_vector(frame.span().first(4)), from_hex("07 00 C0 3C"));
  EXPECT_EQ(to_vector(frame.span().subspan(4)), from_hex(kGolden));
}

// What the instrument played, as integers of 2^-31, summed up here.
struct Sums {
  Int128 current = 0;
  Int128 power = 0;
  std::int64_t current_min = std::numeric_limits<std::int64_t>::max();
  Int128 current_squares = 0;
};

Sums sums_of(const SampleSource& source, std::uint64_t first, std::uint64_t count) {
  Sums sums;
  const auto chunk = std::make_unique<Chunk>();
  for (std::uint64_t value = first; value < first + count; ++value) {
    if (value == first || value % kChunkValues == 0) source.fill(value / kChunkValues, {}, *chunk);
    const double current = static_cast<double>(chunk->current[value % kChunkValues]);
    const double voltage = static_cast<double>(chunk->voltage[value % kChunkValues]);
    const auto fixed = static_cast<std::int64_t>(std::nearbyint(current * 0x1p31));
    sums.current += fixed;
    sums.current_min = std::min(sums.current_min, fixed);
    sums.current_squares += static_cast<Int128>(fixed) * fixed;
    sums.power += static_cast<std::int64_t>(std::nearbyint(current * voltage * 0x1p31));
  }
  return sums;
}

struct Block {
  explicit Block(const SeenFrame& frame) : bytes(frame.payload) {}
  std::uint64_t values() const { return load_at<std::uint32_t>(bytes, 0) & 0xFF'FFFF; }
  std::uint64_t sample_id() const { return load_at<std::uint64_t>(bytes, 8); }
  std::uint64_t integral_id() const { return load_at<std::uint64_t>(bytes, 16); }
  Int128 wide(std::size_t offset) const { return load_at<Int128>(bytes, offset); }
  std::span<const std::byte> bytes;
};

class EmulatedStatistics : public testing::Test {
 protected:
  std::vector<Block> blocks() {
    seen_ = harness.of_port(js220::kPortStatistics);
    return {seen_.begin(), seen_.end()};
  }
  EmulatorHarness harness{{}, {.start_id = 1'000'001}};

 private:
  std::vector<SeenFrame> seen_;
};

TEST_F(EmulatedStatistics, BlocksAreTheSumsOfTheirSamples) {
  harness.start();
  harness.publish("s/stats/scnt", Value::u32(50'000));
  harness.publish("s/stats/ctrl", Value::u8(1));
  harness.run(420);
  const auto seen = blocks();
  ASSERT_EQ(seen.size(), 8U);
  std::uint64_t id = 1'000'002;
  for (const Block& block : seen) {
    EXPECT_EQ(block.values(), 50'000U);
    EXPECT_EQ(block.sample_id(), id);
    EXPECT_EQ(block.integral_id(), 1'000'002U);
    const Sums sums = sums_of(*harness.source, id / 2, 50'000);
    EXPECT_EQ(load_at<std::int64_t>(block.bytes, 24), static_cast<std::int64_t>(sums.current));
    EXPECT_EQ(load_at<std::int64_t>(block.bytes, 32), sums.current_min);
    EXPECT_TRUE(block.wide(96) == sums.current_squares);
    id += 100'000;
    const Sums since = sums_of(*harness.source, 500'001, id / 2 - 500'001);
    EXPECT_TRUE(block.wide(112) == since.current);
    EXPECT_TRUE(block.wide(176) == since.power);
  }
}

TEST_F(EmulatedStatistics, NeedNoOtherStreamAndEndWithTheConnection) {
  harness.connect();
  harness.publish("s/stats/ctrl", Value::u8(1));
  harness.run(1'200);
  EXPECT_EQ(blocks().size(), 2U);
  EXPECT_EQ(load_at<std::int64_t>(blocks()[0].bytes, 24), 0) << "the current path is off";
  EXPECT_NE(load_at<std::int64_t>(blocks()[0].bytes, 48), 0);
  harness.request(js220::kRequestDisconnect);
  harness.connect();
  harness.run(1'200);
  EXPECT_EQ(blocks().size(), 2U);
}

TEST_F(EmulatedStatistics, ClearBeginsTheIntegralsAnew) {
  harness.start({});
  harness.publish("s/stats/ctrl", Value::u8(1));
  harness.run(600);
  harness.publish("s/stats/!clear", Value::u32(0));
  harness.run(500);
  const auto seen = blocks();
  ASSERT_EQ(seen.size(), 2U);
  const std::uint64_t from = seen[1].integral_id();
  EXPECT_GE(from, seen[1].sample_id());
  const std::uint64_t end = seen[1].sample_id() + 1'000'000;
  EXPECT_TRUE(seen[1].wide(112) == sums_of(*harness.source, from / 2, (end - from) / 2).current);
}

TEST_F(EmulatedStatistics, AHostThatWasAwayFindsNewIntegrals) {
  harness.start({});
  harness.publish("s/stats/ctrl", Value::u8(1));
  harness.run(600);
  harness.skip(60'000);
  harness.run(600);
  const auto seen = blocks();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_GE(seen[1].sample_id(), 1'000'002U + 2 * 60'600'000U);
  EXPECT_EQ(seen[1].integral_id(), seen[1].sample_id());
  EXPECT_TRUE(seen[1].wide(112) ==
              sums_of(*harness.source, seen[1].sample_id() / 2, 500'000).current);
}

class EmulatedJs110Statistics : public testing::Test {
 protected:
  void set(std::uint8_t power, std::uint8_t streaming) {
    const auto bytes = js110::encode(js110::Settings{.sensor_power = power,
                                                     .select = js110::kSelectAuto,
                                                     .source = js110::kSourceRaw,
                                                     .streaming = streaming});
    const ControlSetup setup{
        .request_type = js110::kRequestTypeOut, .request = js110::kRequestSettings, .length = 16};
    ASSERT_TRUE(device.control_out(setup, bytes, now_ns).has_value());
  }
  js110::SensorStatistics read() {
    const ControlSetup setup{
        .request_type = js110::kRequestTypeIn, .request = js110::kRequestStatus, .length = 128};
    const auto bytes = device.control_in(setup, now_ns);
    const auto status = bytes ? js110::decode_status(*bytes) : std::nullopt;
    EXPECT_TRUE(status && status->statistics);
    return status && status->statistics ? *status->statistics : js110::SensorStatistics{};
  }
  Truth truth(std::uint64_t first, std::uint64_t last) {
    return js110::compute_truth(*source, "000001", {proto::SampleId(first), proto::SampleId(last)});
  }

  std::unique_ptr<SampleSource> source = std::move(*make_source({}));
  Js110Device device{*source, {.time_scale = 0.5}};
  std::int64_t now_ns = 1'000'000'000;
};

TEST_F(EmulatedJs110Statistics, EachWindowIsToldOnceAndIsTheSumOfItsSamples) {
  set(1, js110::kStreamingRun);
  for (std::uint64_t window = 0; window < 3; ++window) {
    now_ns += 900'000'000;
    EXPECT_EQ(read().samples_this, 0) << "half the speed: a window takes 1 s";
    now_ns += 100'000'000;
    const auto told = read();
    EXPECT_EQ(told.samples_this, 1'000'000);
    EXPECT_EQ(told.samples_total, static_cast<std::int64_t>((window + 1) * 1'000'000));
    EXPECT_EQ(told.samples_per_second, 2'000'000);
    const Truth all = truth(0, (window + 1) * 1'000'000 - 1);
    // One unit of the result, and half a unit of 2^-31 for each sample.
    EXPECT_NEAR(static_cast<double>(told.charge_q27) * 0x1p-27, all.charge_c(), 0x1p-27 + 1e-10);
    EXPECT_NEAR(static_cast<double>(told.energy_q27) * 0x1p-27, all.energy_j(), 0x1p-27 + 1e-10);
    const Truth here = truth(window * 1'000'000, (window + 1) * 1'000'000 - 1);
    EXPECT_NEAR(told.current_q27[0] * 0x1p-27, here.charge_c() * 2, 0x1p-27 + 1e-10);
    EXPECT_NEAR(static_cast<double>(told.power_mean_q34) * 0x1p-34, here.energy_j() * 2, 1e-9);
    EXPECT_LE(told.current_q27[1], told.current_q27[0]);
    EXPECT_GE(told.current_q27[2], told.current_q27[0]);
    EXPECT_EQ(read().samples_this, 0);
  }
}

TEST_F(EmulatedJs110Statistics, NeedPowerAndNoStream) {
  now_ns += 5'000'000'000;
  EXPECT_EQ(read().samples_this, 0);
  set(1, 0);
  EXPECT_EQ(read().samples_this, 0);
  now_ns += 1'000'000'000;
  EXPECT_EQ(read().samples_this, 1'000'000);
  set(1, js110::kStreamingRun);
  now_ns += 999'000'000;
  EXPECT_EQ(read().samples_this, 0) << "the load begins anew with the stream";
  now_ns += 1'000'000;
  EXPECT_EQ(read().samples_total, 2'000'000);
}

TEST_F(EmulatedJs110Statistics, PacketsComeAtTheTimeScale) {
  set(1, js110::kStreamingRun);
  std::vector<std::byte> transfer(UsbPort::kTransferBytes);
  now_ns += 64 * 126'000 - 1;
  EXPECT_EQ(device.bulk_in(transfer, now_ns).value_or(1), 0U);
  EXPECT_EQ(device.next_due_ns(now_ns), now_ns + 1);
  ++now_ns;
  EXPECT_EQ(device.bulk_in(transfer, now_ns).value_or(0), transfer.size());
}

}  // namespace
}  // namespace drivers
