// SPDX-License-Identifier: Apache-2.0
// A sample is a function of the options and its id: same seed, same bytes; any order; and the truth
// of an id range is the sum of what is streamed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "drivers/signal/noise.h"
#include "drivers/signal/truth.h"
#include "tests/drivers/emulator_harness.h"

namespace drivers {
namespace {

using js220::Value;

SourceSpec trace_spec() {
  SourceSpec spec;
  spec.trace = TraceFile{.path = WATTSPOOL_TEST_DATA "/traces/rl_test_steps_I1H.f32"};
  return spec;
}

std::vector<SourceSpec> all_specs() {
  std::vector<SourceSpec> specs = {trace_spec()};
  for (const Scenario& scenario : scenarios())
    specs.push_back({.load = std::string(scenario.name)});
  specs.push_back({.load = "edge"});
  return specs;
}

TEST(EmulatedSamples, SameSeedSameBytes) {
  const auto bytes_of = [](std::uint64_t seed) {
    EmulatorHarness harness({.seed = seed, .load = "ble"}, {.start_id = 77});
    harness.start({"s/i/ctrl", "s/v/ctrl", "s/i/range/ctrl", "s/gpi/0/ctrl"});
    harness.run(300);
    return harness.bytes;
  };
  const auto first = bytes_of(5);
  EXPECT_GT(first.size(), 2'000'000U);
  EXPECT_EQ(first, bytes_of(5));
  EXPECT_NE(first, bytes_of(6));
}

TEST(EmulatedSamples, DoNotDependOnWhatWasAskedBefore) {
  for (const auto& spec : all_specs()) {
    const auto forward = std::move(*make_source(spec));
    const auto scattered = std::move(*make_source(spec));
    const auto expected = std::make_unique<Chunk>();
    const auto got = std::make_unique<Chunk>();
    for (const std::uint64_t index :
         std::vector<std::uint64_t>{9'000'000'001, 0, 7, 3, 7, 1U << 31}) {
      scattered->fill(index, {}, *got);
      forward->fill(index, {}, *expected);
      EXPECT_EQ(std::memcmp(got.get(), expected.get(), sizeof(Chunk)), 0) << spec.load;
    }
  }
}

TEST(EmulatedSamples, StayWithinTheInstrumentAndAreFinite) {
  for (const auto& spec : all_specs()) {
    const auto source = std::move(*make_source(spec));
    const auto chunk = std::make_unique<Chunk>();
    for (std::uint64_t index = 0; index < 300; ++index) {
      source->fill(index * 37, {}, *chunk);
      for (std::size_t k = 0; k < kChunkValues; ++k) {
        ASSERT_LE(std::abs(chunk->current[k]), 11.51F);
        ASSERT_LE(std::abs(chunk->voltage[k]), 17.26F);
      }
      for (const std::uint8_t range : chunk->range) ASSERT_LE(range, 5);
    }
  }
}

TEST(EmulatedSamples, EdgeLoadHasEverySizeThatAFloatHas) {
  const auto source = std::move(*make_source({.load = "edge"}));
  const auto chunk = std::make_unique<Chunk>();
  std::set<int> exponents;
  bool subnormal = false;
  bool negative_zero = false;
  for (std::uint64_t index = 0; index < 50; ++index) {
    source->fill(index, {}, *chunk);
    for (const float value : chunk->current) {
      if (value != 0) exponents.insert(std::ilogb(value));
      subnormal |= std::fpclassify(value) == FP_SUBNORMAL;
      negative_zero |= value == 0 && std::signbit(value);
    }
  }
  EXPECT_TRUE(subnormal);
  EXPECT_TRUE(negative_zero);
  for (int exponent = -126; exponent <= 3; ++exponent) EXPECT_TRUE(exponents.contains(exponent));
}

TEST(EmulatedSamples, NoiseIsThatOfTheRange) {
  const auto chunk = std::make_unique<Chunk>();
  const auto source = std::move(*make_source({.load = "constant"}));
  double sum = 0;
  double squares = 0;
  constexpr int kChunks = 100;
  for (std::uint64_t index = 0; index < kChunks; ++index) {
    source->fill(index, {}, *chunk);
    for (const float value : chunk->current) {
      sum += value - 10e-3;
      squares += (value - 10e-3) * (value - 10e-3);
    }
  }
  constexpr double kCount = kChunks * kChunkValues;
  EXPECT_NEAR(sum / kCount, 0, 4 * 1e-6 / std::sqrt(kCount));
  EXPECT_NEAR(std::sqrt(squares / kCount), kCurrentRanges[2].noise_a, 0.02e-6);
}

TEST(EmulatedSamples, RangeFollowsTheLoadAndItsLimits) {
  const auto chunk = std::make_unique<Chunk>();
  const auto source = std::move(*make_source({.load = "square"}));
  source->fill(0, {}, *chunk);  // 62.5 mA
  EXPECT_THAT(chunk->range, testing::Each(1));
  EXPECT_EQ(chunk->current[0], 0x1p-4F);
  source->fill(0, {.first = 3, .last = 3}, *chunk);
  EXPECT_THAT(chunk->range, testing::Each(3));
  EXPECT_FLOAT_EQ(chunk->current[0], 1.8e-3F * 1.15F) << "clipped at full scale";
  source->fill(6, {}, *chunk);  // in the low half of the period
  EXPECT_THAT(chunk->range, testing::Each(3));
}

TEST(EmulatedSamples, TraceIsPlayedInStraightLinesAndInALoop) {
  const std::string path = testing::TempDir() + "three.i16";
  {
    std::ofstream file(path, std::ios::binary);
    const std::array<std::int16_t, 3> samples = {0, 1000, -500};
    file.write(reinterpret_cast<const char*>(samples.data()), sizeof samples);
  }
  const auto trace =
      read_trace({.path = path, .format = TraceFormat::kI16, .rate_hz = 250'000, .scale = 0.001});
  ASSERT_TRUE(trace.has_value());
  const auto load = make_trace_load(*trace);
  std::vector<double> values(26);
  load->fill(12'000'000, values);  // 12 values a turn
  const std::vector<double> turn = {0,    0.25,   0.5,  0.75,   1,     0.625,
                                    0.25, -0.125, -0.5, -0.375, -0.25, -0.125};
  for (std::size_t k = 0; k < values.size(); ++k) EXPECT_NEAR(values[k], turn[k % 12], 1e-7) << k;
  std::vector<double> again(20);
  load->fill(12'000'005, again);
  EXPECT_EQ(std::vector(values.begin() + 5, values.begin() + 25), again);
  std::filesystem::remove(path);
}

TEST(EmulatedSamples, BadTracesAreRefused) {
  const std::string path = testing::TempDir() + "bad.f32";
  const auto write = [&](std::vector<float> samples, std::size_t extra) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(samples.data()),
               static_cast<std::streamsize>(samples.size() * sizeof(float)));
    file.write("xyz", static_cast<std::streamsize>(extra));
  };
  write({}, 0);
  EXPECT_EQ(read_trace({.path = path}).error().code, std::errc::invalid_argument);
  write({1}, 3);
  EXPECT_EQ(read_trace({.path = path}).error().code, std::errc::invalid_argument);
  write({1, NAN}, 0);
  EXPECT_THAT(read_trace({.path = path}).error().message(), testing::HasSubstr("sample 1"));
  write({1}, 0);
  EXPECT_TRUE(read_trace({.path = path}).has_value());
  EXPECT_FALSE(read_trace({.path = path, .rate_hz = 0}).has_value());
  EXPECT_FALSE(read_trace({.path = path, .rate_hz = 1'000'001}).has_value());
  EXPECT_EQ(read_trace({.path = path + ".none"}).error().code,
            std::errc::no_such_file_or_directory);
  std::filesystem::remove(path);
}

// The sums over all frames that came, and the ids that they cover.
TEST(EmulatedTruth, IsTheSumOfWhatIsStreamed) {
  for (const auto& spec : all_specs()) {
    EmulatorHarness harness(spec, {.start_id = 0xFFFF'FF00});
    harness.start();
    harness.run(400);
    const auto current = harness.of_port(js220::kPortCurrent);
    const auto voltage = harness.of_port(js220::kPortVoltage);
    const std::size_t count = std::min(current.size(), voltage.size());
    ASSERT_GT(count, 2000U);
    proto::ExactAccumulator sums;
    for (std::size_t k = 0; k < count; ++k) sums.add(current[k].floats(), voltage[k].floats());
    // The ids of these frames, unwrapped: the stream began just before the 32-bit wrap or after.
    const std::uint64_t first =
        current[0].sample_id + (current[0].sample_id < 0x8000'0000 ? 0x1'0000'0000U : 0U);
    const auto truth = compute_truth(
        *harness.source, {proto::SampleId(first), proto::SampleId(first + count * 252 - 1)});
    EXPECT_EQ(truth.sample_count, sums.valid_count());
    const auto total = sums.take();
    EXPECT_EQ(truth.current, total.current) << spec.load;
    EXPECT_EQ(truth.voltage, total.voltage) << spec.load;
    EXPECT_EQ(truth.power, total.power) << spec.load;
  }
}

TEST(EmulatedSamples, CodesSayWhatTheSourceSays) {
  EmulatorHarness harness({.load = "mcu"});
  harness.start({"s/i/range/ctrl", "s/gpi/0/ctrl", "s/gpi/1/ctrl", "s/gpi/7/ctrl"});
  harness.run(600);
  const auto chunk = std::make_unique<Chunk>();
  std::uint64_t chunk_index = ~std::uint64_t{0};
  const auto chunk_of = [&](std::uint64_t id) -> const Chunk& {
    if (std::exchange(chunk_index, id / kChunkIds) != id / kChunkIds) {
      harness.source->fill(chunk_index, {}, *chunk);
    }
    return *chunk;
  };
  std::set<int> seen_ranges;
  for (const auto& frame : harness.of_port(js220::kPortCurrentRange)) {
    for (std::uint32_t k = 0; k < 1008; k += 21) {
      const std::uint64_t id = frame.sample_id + k;
      const std::uint8_t code = js220::u4_at(frame.payload, k);
      ASSERT_EQ(code, chunk_of(id).range[id % kChunkIds / kCellIds]);
      seen_ranges.insert(code);
    }
  }
  EXPECT_GT(seen_ranges.size(), 1U);
  for (const auto& [port, bit] : {std::pair{24, 0}, std::pair{25, 1}, std::pair{28, 7}}) {
    std::set<bool> levels;
    for (const auto& frame : harness.of_port(static_cast<std::uint8_t>(port))) {
      for (std::uint32_t k = 0; k < 4032; k += 18) {
        const std::uint64_t id = frame.sample_id + k;
        const bool level = js220::u1_at(frame.payload, k) != 0;
        ASSERT_EQ(level, (chunk_of(id).inputs[id % kChunkIds / kCellIds] >> bit & 1) != 0);
        levels.insert(level);
      }
    }
    EXPECT_EQ(levels.size(), 2U) << port;
  }
}

}  // namespace
}  // namespace drivers
