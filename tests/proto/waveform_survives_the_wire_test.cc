// SPDX-License-Identifier: Apache-2.0
// A waveform value read back is what was written, and a spoilt one is refused, never believed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "proto/waveform.h"
#include "proto/waveform_errc.h"

namespace proto {
namespace {

struct Samples {
  std::vector<float> current;
  std::vector<float> voltage;
  std::vector<CodeRun> range = {{3, 1'999}, {4, 1}, {kMissingCode, 2'000}};
};

Samples make_samples() {
  Samples samples;
  for (int i = 0; i < 2'000; ++i) {
    samples.current.push_back(static_cast<float>(i % 7) * 1e-3f);
    samples.voltage.push_back(3.3f + static_cast<float>((i * 7'919) % 1'000) * 1e-5f);
  }
  samples.current[5] = std::nanf("");
  samples.current[6] = -0.0f;
  return samples;
}

WaveformBatch full_rate(const Samples& samples) {
  WaveformBatch batch;
  batch.device_id = "js220-001234";
  batch.test_id = "t-1";
  batch.segment = SegmentId(7);
  batch.stream = *StreamId::from_hex("0123456789abcdef0123456789abcdef");
  batch.agent_id = "bench-07";
  batch.version = "0.1.0";
  WaveformRow row;
  row.signal = "current";
  row.unit = "A";
  row.first_sample = SampleId((1ull << 53) - 5'000);
  row.ids_per_value = 2;
  row.utc_ns = 1'700'000'000'123'456'789;
  row.time_uncertainty_ns = 250;
  row.rate_hz = 1e6;
  row.gap_before = 252;
  row.values = samples.current;
  batch.rows.push_back(row);
  row.signal = "voltage";
  row.unit = "V";
  row.values = samples.voltage;
  batch.rows.push_back(row);
  row.signal = "current_range";
  row.unit = "";
  row.ids_per_value = 1;
  row.rate_hz = 2e6;
  row.values = {};
  row.runs = samples.range;
  batch.rows.push_back(row);
  return batch;
}

std::vector<std::byte> encode(const WaveformBatch& batch) {
  std::vector<std::byte> bytes;
  WaveformWriter().encode(batch, bytes);
  return bytes;
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

TEST(Waveform, IsReadBackBitForBit) {
  const Samples samples = make_samples();
  const WaveformBatch batch = full_rate(samples);
  const auto decoded = decode_waveform(encode(batch));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->stream, batch.stream);
  EXPECT_EQ(decoded->agent_id, "bench-07");
  EXPECT_EQ(decoded->version, "0.1.0");
  ASSERT_EQ(decoded->rows.size(), 3u);
  const DecodedRow& current = decoded->rows[0];
  EXPECT_EQ(current.device_id, "js220-001234");
  EXPECT_EQ(current.test_id, "t-1");
  EXPECT_EQ(current.signal, "current");
  EXPECT_EQ(current.unit, "A");
  EXPECT_EQ(current.segment, SegmentId(7));
  EXPECT_EQ(current.first_sample, batch.rows[0].first_sample);
  EXPECT_EQ(current.ids_per_value, 2u);
  EXPECT_EQ(current.utc_ns, 1'700'000'000'123'456'789);
  EXPECT_EQ(current.time_uncertainty_ns, 250u);
  EXPECT_EQ(current.gap_before, 252u);
  EXPECT_EQ(current.encoding, "arrow");
  EXPECT_TRUE(same_bits(current.values, samples.current));
  EXPECT_TRUE(same_bits(decoded->rows[1].values, samples.voltage));
  EXPECT_TRUE(decoded->rows[1].min.empty());
  EXPECT_EQ(decoded->rows[2].runs, samples.range);
  EXPECT_EQ(decoded->rows[2].value_count(), 4'000u);
}

TEST(Waveform, WriterGivesTheSameBytesForTheSameBatch) {
  const Samples samples = make_samples();
  WaveformWriter writer;
  std::vector<std::byte> first;
  std::vector<std::byte> second;
  writer.encode(full_rate(samples), first);
  writer.encode(full_rate(samples), second);
  EXPECT_EQ(first, second);
}

TEST(Waveform, DecimatedRowsKeepTheirSummaries) {
  const std::vector<float> mean = {1.0f, 2.0f};
  const std::vector<float> low = {0.5f, 1.5f};
  const std::vector<float> high = {1.5f, 2.5f};
  const std::vector<float> deviation = {0.1f, 0.2f};
  WaveformBatch batch = full_rate(make_samples());
  batch.rows.resize(1);
  batch.rows[0].values = mean;
  batch.rows[0].min = low;
  batch.rows[0].max = high;
  batch.rows[0].std = deviation;
  const auto decoded = decode_waveform(encode(batch));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->rows[0].min, low);
  EXPECT_EQ(decoded->rows[0].max, high);
  EXPECT_EQ(decoded->rows[0].std, deviation);
}

TEST(Waveform, EveryTruncationIsRefused) {
  const Samples samples = make_samples();
  const std::vector<std::byte> bytes = encode(full_rate(samples));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_FALSE(decode_waveform(std::span(bytes).first(length))) << length;
  }
}

TEST(Waveform, ASecondStreamInOneValueIsRefused) {
  const Samples samples = make_samples();
  std::vector<std::byte> bytes = encode(full_rate(samples));
  const std::vector<std::byte> copy = bytes;
  bytes.insert(bytes.end(), copy.begin(), copy.end());
  const auto decoded = decode_waveform(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, WaveformErrc::kBadFraming);
}

// The record's CRC finds the flip; the reader must merely survive whatever it says.
TEST(Waveform, NoFlippedBitMakesTheReaderLeaveItsBytes) {
  const Samples samples = make_samples();
  std::vector<std::byte> bytes = encode(full_rate(samples));
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 3) {
    bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    (void)decode_waveform(bytes);
    bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
  }
  EXPECT_TRUE(decode_waveform(bytes));
}

TEST(Waveform, NoiseThatDoesNotShrinkIsStoredRaw) {
  std::vector<float> noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 10'000; ++i) {
    state = state * 1'664'525u + 1'013'904'223u;
    float value = 0;
    std::memcpy(&value, &state, 4);
    noise.push_back(value);
  }
  WaveformBatch batch = full_rate(make_samples());
  batch.rows.resize(1);
  batch.rows[0].values = noise;
  const std::vector<std::byte> bytes = encode(batch);
  EXPECT_LT(bytes.size(), noise.size() * 4 + 4'096);
  const auto decoded = decode_waveform(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_TRUE(same_bits(decoded->rows[0].values, noise));
}

void expect_refused(const WaveformBatch& batch, WaveformErrc code) {
  const auto decoded = decode_waveform(encode(batch));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, code) << decoded.error().message();
}

TEST(Waveform, RowsThatContradictThemselvesAreRefused) {
  const Samples samples = make_samples();
  const std::vector<float> three(3);
  WaveformBatch batch = full_rate(samples);
  batch.rows[0].min = three;
  expect_refused(batch, WaveformErrc::kBadLayout);
  batch = full_rate(samples);
  batch.rows[1].ids_per_value = 0;
  expect_refused(batch, WaveformErrc::kBadLayout);
  batch = full_rate(samples);
  batch.rows[2].values = three;
  expect_refused(batch, WaveformErrc::kBadLayout);
  batch = full_rate(samples);
  batch.rows[0].first_sample = SampleId(~0ULL - 3'000);
  expect_refused(batch, WaveformErrc::kBadLayout);
}

TEST(Waveform, WhatInflatesBeyondTheLimitIsRefused) {
  const std::vector<float> zeros(kDecodedBytesMax / 4 - 1'000);
  WaveformBatch batch = full_rate(make_samples());
  batch.rows.resize(2);
  batch.rows[0].values = zeros;
  batch.rows[1].values = {};
  EXPECT_TRUE(decode_waveform(encode(batch)));
  batch.rows[1].values = zeros;
  const auto bytes = encode(batch);
  EXPECT_LT(bytes.size(), 100'000U);
  const auto decoded = decode_waveform(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, WaveformErrc::kTooLarge);
}

TEST(Waveform, MoreRowsThanTheLimitAreABug) {
  WaveformBatch batch = full_rate(make_samples());
  batch.rows.resize(kWaveformRowsMax + 1);
  std::vector<std::byte> bytes;
  EXPECT_DEATH(WaveformWriter().encode(batch, bytes), "kWaveformRowsMax");
}

}  // namespace
}  // namespace proto
