// SPDX-License-Identifier: Apache-2.0
// Mean, min, max and std of a window are those of its samples, whole or put together from parts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "proto/sample_kernel.h"
#include "proto/summary.h"

namespace proto {
namespace {

struct Expected {
  long double mean = 0;
  long double std = 0;
  double min = 0;
  double max = 0;
};

Expected reference(const std::vector<double>& values) {
  Expected expected;
  for (const double value : values) expected.mean += value;
  expected.mean /= static_cast<long double>(values.size());
  for (const double value : values) {
    expected.std += (value - expected.mean) * (value - expected.mean);
  }
  expected.std = std::sqrt(expected.std / static_cast<long double>(values.size()));
  expected.min = *std::min_element(values.begin(), values.end());
  expected.max = *std::max_element(values.begin(), values.end());
  return expected;
}

void expect_near(const Moments& moments, const std::vector<double>& values) {
  const Expected expected = reference(values);
  const double scale = std::max(std::abs(expected.min), std::abs(expected.max));
  EXPECT_EQ(moments.count, values.size());
  EXPECT_NEAR(moments.mean, static_cast<double>(expected.mean), 1e-15 * scale);
  EXPECT_NEAR(moments.std(), static_cast<double>(expected.std),
              1e-9 * static_cast<double>(expected.std) + 1e-15 * scale);
  EXPECT_EQ(moments.min, expected.min);
  EXPECT_EQ(moments.max, expected.max);
}

// A microvolt of noise on 4 V: a sum of squares in double would lose it.
struct Window {
  std::vector<float> current;
  std::vector<float> voltage;
};
Window quiet(std::size_t count) {
  std::mt19937_64 random(count);
  std::normal_distribution<float> noise;
  Window window;
  for (std::size_t k = 0; k < count; ++k) {
    window.current.push_back((k % 500 < 30 ? -0.3F : -2e-6F) + 1e-7F * noise(random));
    window.voltage.push_back(4.0F + 1e-6F * noise(random));
  }
  return window;
}

void expect_window(const Summary& summary, const Window& window) {
  std::vector<double> power;
  for (std::size_t k = 0; k < window.current.size(); ++k) {
    power.push_back(double{window.current[k]} * double{window.voltage[k]});
  }
  expect_near(summary.current, {window.current.begin(), window.current.end()});
  expect_near(summary.voltage, {window.voltage.begin(), window.voltage.end()});
  expect_near(summary.power, power);
}

TEST(Summary, EqualsTheSamplesForEveryLength) {
  for (const std::size_t count : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 1000U, 1024U, 1025U, 100'003U}) {
    const Window window = quiet(count);
    ExactSums sums;
    expect_window(summarize(window.current, window.voltage, sums), window);
    ExactAccumulator accumulator;
    accumulator.add(window.current, window.voltage);
    EXPECT_EQ(sums, accumulator.sums());
  }
}

TEST(Summary, IsTheSameOnEveryProcessor) {
  for (std::size_t count = 0; count <= kChunkSamplesMax; count += count < 20 ? 1 : 251) {
    Window window = quiet(count);
    if (count > 300) window.voltage[7] = std::numeric_limits<float>::quiet_NaN();
    ExactSums best_sums;
    ExactSums portable_sums;
    const auto work = ChunkWork::kSumsAndMoments;
    const Summary best = add_chunk(window.current, window.voltage, best_sums, work);
    EXPECT_EQ(best, add_chunk_portable(window.current, window.voltage, portable_sums, work));
    EXPECT_EQ(best_sums, portable_sums);
  }
}

TEST(Summary, PartsMergeIntoTheWhole) {
  const Window window = quiet(30'000);
  std::mt19937_64 random(4);
  Summary merged;
  ExactSums sums;
  for (std::size_t at = 0; at < window.current.size();) {
    const std::size_t count = std::min<std::size_t>(window.current.size() - at, random() % 2000);
    merged.merge(summarize(std::span(window.current).subspan(at, count),
                           std::span(window.voltage).subspan(at, count), sums));
    at += count;
  }
  expect_window(merged, window);
}

TEST(Summary, NonFiniteSamplesAreInNoFigure) {
  Window window = quiet(2000);
  ExactSums clean_sums;
  const Summary clean = summarize(window.current, window.voltage, clean_sums);
  Window spoilt;
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(),
                       std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity()};
  for (std::size_t k = 0; k < window.current.size(); ++k) {
    spoilt.current.push_back(bad[k % 3]);
    spoilt.voltage.push_back(1e30F);
    spoilt.current.push_back(window.current[k]);
    spoilt.voltage.push_back(window.voltage[k]);
  }
  ExactSums sums;
  const Summary summary = summarize(spoilt.current, spoilt.voltage, sums);
  EXPECT_EQ(summary.invalid_count, 2000U);
  EXPECT_EQ(summary.valid_count(), 2000U);
  EXPECT_EQ(sums, clean_sums);
  EXPECT_EQ(summary.voltage.max, clean.voltage.max);
  expect_window(summary, window);
}

TEST(Summary, OfNothingIsEmpty) {
  ExactSums sums;
  const std::vector<float> nan(5, std::numeric_limits<float>::quiet_NaN());
  const Summary summary = summarize(nan, nan, sums);
  EXPECT_EQ(summary.valid_count(), 0U);
  EXPECT_EQ(summary.invalid_count, 5U);
  EXPECT_EQ(summary.current.std(), 0);
  EXPECT_EQ(summarize({}, {}, sums).valid_count(), 0U);
}

}  // namespace
}  // namespace proto
