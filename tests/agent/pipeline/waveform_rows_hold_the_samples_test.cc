// SPDX-License-Identifier: Apache-2.0
// Waveform batches: full rate bit for bit, decimated windows that restart at borders, and a size
// that always leaves the bench.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "agent/pipeline/waveform_builder.h"
#include "tests/agent/pipeline/pipeline_bench.h"

namespace agent::test {
namespace {

Sample wave(std::uint64_t index) {
  return {static_cast<float>(index % 1000) * 0.001F, 3.0F + static_cast<float>(index % 7)};
}

std::vector<proto::DecodedRow> rows_of(const PipelineBench& bench, const std::string& signal) {
  std::vector<proto::DecodedRow> rows = bench.waveform();
  std::erase_if(rows, [&](const auto& row) { return row.signal != signal; });
  return rows;
}

TEST(Waveform, FullRateIsOneRowPerBlockAndSignalBitForBit) {
  PipelineBench bench;
  bench.options.waveform = WaveformMode::kFull;
  bench.start_connected();
  bench.add(300, wave);
  bench.lose(20);
  bench.add(200, wave);
  bench.pipeline->finish();
  const auto current = rows_of(bench, "current");
  ASSERT_EQ(current.size(), 2U);
  EXPECT_EQ(current[0].first_sample.value(), 1000U);
  EXPECT_EQ(current[0].gap_before, 0U);
  EXPECT_EQ(current[1].first_sample.value(), 1640U);
  EXPECT_EQ(current[1].gap_before, 40U);
  EXPECT_EQ(current[1].ids_per_value, 2U);
  EXPECT_EQ(current[1].rate_hz, 1000.0);
  EXPECT_EQ(current[1].utc_ns, bench.time().utc_ns(proto::SampleId(1640)));
  ASSERT_EQ(current[0].values.size(), 300U);
  for (std::size_t k = 0; k < 300; ++k) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(current[0].values[k]),
              std::bit_cast<std::uint32_t>(wave(500 + k).current));
  }
  const auto range = rows_of(bench, "current_range");
  ASSERT_EQ(range.size(), 2U);
  EXPECT_EQ(range[0].runs, (std::vector<proto::CodeRun>{{3, 600}}));
  EXPECT_EQ(range[0].ids_per_value, 1U);
  EXPECT_TRUE(rows_of(bench, "power").empty());
  EXPECT_EQ(rows_of(bench, "gpi0").size(), 2U);
}

TEST(Waveform, DecimatedWindowsRestartAtBorders) {
  PipelineBench bench;
  bench.options.waveform_rate_hz = 100;  // windows of 10 values
  bench.start_connected();
  bench.add(25, wave);
  bench.run(run_named("t"));
  bench.add(37, wave);
  bench.lose(4);
  bench.add(20, wave);
  bench.run(StopRun());
  const auto rows = rows_of(bench, "current");
  struct Expected {
    std::uint64_t first;
    std::uint32_t ids_per_value;
    std::size_t values;
    std::uint64_t gap_before;
    std::string test;
  };
  const std::vector<Expected> expected = {{1000, 20, 2, 0, "idle-01010101"},
                                          {1040, 10, 1, 0, "idle-01010101"},
                                          {1050, 20, 3, 0, "t"},
                                          {1110, 14, 1, 0, "t"},
                                          {1132, 20, 2, 8, "t"}};
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t k = 0; k < rows.size(); ++k) {
    EXPECT_EQ(rows[k].first_sample.value(), expected[k].first);
    EXPECT_EQ(rows[k].ids_per_value, expected[k].ids_per_value);
    EXPECT_EQ(rows[k].values.size(), expected[k].values);
    EXPECT_EQ(rows[k].gap_before, expected[k].gap_before);
    EXPECT_EQ(rows[k].test_id, expected[k].test);
    EXPECT_EQ(rows[k].rate_hz, 2000.0 / expected[k].ids_per_value);
  }
  EXPECT_TRUE(rows_of(bench, "gpi0").empty()) << "codes are never decimated";
}

// From mean, std and count of the windows the figures of the whole are recovered.
TEST(Waveform, DecimatedWindowsAreTheStatisticsOfTheirSamples) {
  PipelineBench bench;
  bench.options.waveform_rate_hz = 100;
  bench.start_connected();
  bench.add(500, wave);
  bench.pipeline->finish();
  const auto power = rows_of(bench, "power");
  ASSERT_EQ(power.size(), 1U);
  ASSERT_EQ(power[0].values.size(), 50U);
  for (std::size_t w = 0; w < 50; ++w) {
    double sum = 0;
    double squares = 0;
    double min = 1e9;
    double max = -1e9;
    for (std::size_t k = 0; k < 10; ++k) {
      const Sample sample = wave(500 + 10 * w + k);
      const double p = double{sample.current} * double{sample.voltage};
      sum += p;
      squares += p * p;
      min = std::min(min, p);
      max = std::max(max, p);
    }
    EXPECT_FLOAT_EQ(power[0].values[w], static_cast<float>(sum / 10));
    EXPECT_NEAR(power[0].std[w], std::sqrt(squares / 10 - sum * sum / 100), 1e-5);
    EXPECT_EQ(power[0].min[w], static_cast<float>(min));
    EXPECT_EQ(power[0].max[w], static_cast<float>(max));
  }
}

TEST(Waveform, AWindowWithoutAValidSampleIsNotANumber) {
  PipelineBench bench;
  bench.options.waveform_rate_hz = 100;
  bench.start_connected();
  bench.add(30, [](std::uint64_t index) {
    const bool bad = index >= 510 && index < 520;
    return Sample{bad ? std::numeric_limits<float>::quiet_NaN() : 1.0F, 2.0F};
  });
  bench.pipeline->finish();
  const auto rows = rows_of(bench, "voltage");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].values[0], 2.0F);
  EXPECT_TRUE(std::isnan(rows[0].values[1]));
  EXPECT_EQ(rows[0].values[2], 2.0F);
}

TEST(Waveform, ABatchIsSealedAtItsAge) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(500, wave);
  bench.add(500, wave);
  bench.pipeline->on_tick();
  EXPECT_TRUE(bench.rows(proto::Lane::kWaveform).empty());
  bench.add(500, wave);
  bench.add(1, wave);
  EXPECT_EQ(bench.rows(proto::Lane::kWaveform).size(), 1U);
  EXPECT_EQ(bench.rows(proto::Lane::kWaveform).at(0).facts.id_count, 3000U);
}

// Noise in every bit, and a GPI that toggles at each value: nothing to compress.
TEST(Waveform, NoBatchIsTooLargeWhateverTheSamplesAre) {
  PipelineBench bench(1'000'000);
  bench.options.waveform = WaveformMode::kFull;
  bench.start_connected();
  std::mt19937 random(1);
  proto::Block block;
  block.segment = bench.segment();
  block.time = bench.time();
  proto::SampleId position = bench.position();
  std::vector<float> sent;
  for (const std::size_t values : {65'536U, 65'536U, 1U, 40'000U, 65'536U}) {
    block.first_id = position;
    block.id_count = 2 * values;
    block.current = {2, {}};
    block.voltage = {2, {}};
    block.codes = {{1, 2, {}}, {1, 3, {}}};
    for (std::size_t k = 0; k < values; ++k) {
      for (proto::FloatColumn* column : {&block.current, &block.voltage}) {
        const std::uint32_t bits = static_cast<std::uint32_t>(random());
        column->values.push_back(std::bit_cast<float>(bits % 0x7F80'0000U));
      }
      for (proto::CodeColumn& column : block.codes) {
        column.runs.push_back({static_cast<std::uint32_t>(random()), 1});
        column.runs.push_back({static_cast<std::uint32_t>(random()), 1});
      }
    }
    sent.insert(sent.end(), block.current.values.begin(), block.current.values.end());
    position = position + block.id_count;
    bench.pipeline->on_block(block);
  }
  bench.pipeline->finish();
  const auto rows = bench.rows(proto::Lane::kWaveform);
  EXPECT_GT(rows.size(), 5U);
  for (const buffer::NewRow& row : rows) {
    EXPECT_LE(row.payload.size(), proto::kWaveformBytesMax);
  }
  std::vector<float> got;
  for (const auto& row : rows_of(bench, "current")) {
    got.insert(got.end(), row.values.begin(), row.values.end());
  }
  EXPECT_EQ(got, sent);
  std::uint64_t toggles = 0;
  for (const auto& row : rows_of(bench, "gpi0")) toggles += row.runs.size();
  EXPECT_EQ(toggles, 2 * sent.size());
}

TEST(Waveform, GapBeforeCountsWhatAFullQueueCost) {
  PipelineBench bench;
  bench.options.waveform_rate_hz = 100;
  bench.start_connected();
  bench.add(1001, wave);
  bench.add(9, wave);
  bench.queue_is_full = true;
  bench.add(1000, wave);
  bench.add(10, wave);
  bench.queue_is_full = false;
  bench.add(1000, wave);
  bench.pipeline->finish();
  std::uint64_t end = 1000;
  std::uint64_t gaps = 0;
  for (const auto& row : rows_of(bench, "current")) {
    EXPECT_EQ(row.first_sample.value() - end, row.gap_before);
    gaps += row.gap_before;
    end = row.first_sample.value() + row.value_count() * row.ids_per_value;
  }
  EXPECT_GT(gaps, 0U);
  EXPECT_EQ(end, bench.position().value());
}

}  // namespace
}  // namespace agent::test
