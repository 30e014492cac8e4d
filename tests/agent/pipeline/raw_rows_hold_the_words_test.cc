// SPDX-License-Identifier: Apache-2.0
// At full rate the rows of a JS110 are its words; with what the batch says of them they are decoded
// to what the driver handed over, bit for bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "agent/audit/energy_audit.h"
#include "proto/waveform_errc.h"
#include "tests/agent/pipeline/pipeline_bench.h"
#include "tests/agent/pipeline/raw_words_bench.h"

namespace agent::test {
namespace {

using proto::DecodedRow;
using testing::HasSubstr;

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float one, float other) {
    return std::bit_cast<std::uint32_t>(one) == std::bit_cast<std::uint32_t>(other);
  });
}

void expect_equal(const proto::DecodedWaveform& got, const proto::DecodedWaveform& expected) {
  ASSERT_EQ(got.rows.size(), expected.rows.size());
  for (std::size_t at = 0; at < got.rows.size(); ++at) {
    const DecodedRow& a = got.rows[at];
    const DecodedRow& b = expected.rows[at];
    ASSERT_EQ(a.signal, b.signal);
    EXPECT_EQ(a.unit, b.unit);
    EXPECT_EQ(a.first_sample, b.first_sample);
    EXPECT_EQ(a.ids_per_value, b.ids_per_value);
    EXPECT_EQ(a.utc_ns, b.utc_ns);
    EXPECT_EQ(a.time_uncertainty_ns, b.time_uncertainty_ns);
    EXPECT_EQ(a.rate_hz, b.rate_hz);
    EXPECT_EQ(a.gap_before, b.gap_before);
    EXPECT_TRUE(same_bits(a.values, b.values)) << a.signal << " row " << at;
    EXPECT_EQ(a.runs, b.runs) << a.signal << " row " << at;
    EXPECT_TRUE(a.words.empty());
  }
}

proto::DecodedWaveform decoded(const WaveformBuilder& builder) {
  const auto value = proto::decode_waveform(RawWordsBench::encoded(builder));
  EXPECT_TRUE(value) << value.error().message();
  return value.value_or(proto::DecodedWaveform());
}

class RawRows : public testing::TestWithParam<bool> {};

TEST_P(RawRows, AreDecodedToWhatTheDriverGave) {
  std::uint64_t values = 0;
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    RawWordsBench bench(seed, GetParam());
    WaveformBuilder raw(js110_full_rate(), bench.info(true));
    WaveformBuilder calibrated(js110_full_rate(), bench.info(false));
    for (const proto::Block& block : bench.blocks(400)) {
      const IdSpan all = {block.first_id, block.end_id()};
      raw.add_part(block, all);
      calibrated.add_part(block, all);
      values += block.words.size();
    }
    const auto words = decoded(raw);
    for (const DecodedRow& row : words.rows) {
      EXPECT_TRUE(row.signal == "raw" || row.signal == "voltage_range") << row.signal;
      EXPECT_TRUE(row.values.empty());
    }
    const auto rows = decode_raw_rows(words);
    ASSERT_TRUE(rows) << rows.error().message();
    expect_equal(*rows, decoded(calibrated));
    EXPECT_TRUE(decoded(calibrated).words.empty());
    EnergyAudit of_raw;
    EnergyAudit of_floats;
    of_raw.add(*rows);
    of_floats.add(decoded(calibrated));
    EXPECT_EQ(of_raw.totals().exact.power, of_floats.totals().exact.power);
  }
  EXPECT_GT(values, 190'000U);
}
INSTANTIATE_TEST_SUITE_P(Calibrated, RawRows, testing::Values(true, false));

TEST(RawRow, SaysWhatItTakesToDecodeIt) {
  RawWordsBench bench(7, true);
  WaveformBuilder builder(js110_full_rate(), bench.info(true));
  const auto blocks = bench.blocks(40);
  builder.add_part(blocks.front(), {blocks.front().first_id, blocks.front().end_id()});
  const auto value = decoded(builder);
  EXPECT_EQ(value.words.signals, "js110 current voltage current_range gpi0 gpi1");
  EXPECT_EQ(proto::calibration_file(value.words.calibration),
            encode(drivers::js110::golden_calibration()));
  ASSERT_EQ(value.rows.size(), 2U);
  EXPECT_EQ(value.rows[0].signal, "raw");
  EXPECT_EQ(value.rows[0].unit, "");
  EXPECT_EQ(value.rows[0].words, blocks.front().words);
  EXPECT_TRUE(value.rows[0].runs.empty());
  EXPECT_EQ(value.rows[0].ids_per_value, 1U);
  EXPECT_EQ(value.rows[0].rate_hz, 2e6);
  EXPECT_EQ(value.rows[1].signal, "voltage_range");
  EXPECT_EQ(value.rows[1].value_count(), value.rows[0].value_count());
  EXPECT_EQ(proto::words_origin(RawWordsBench(7, false).info(true)).calibration, "none");
}

TEST(RawRow, IsRefusedWithoutWhatItTakes) {
  RawWordsBench bench(8, true);
  WaveformBuilder builder(js110_full_rate(), bench.info(true));
  const auto blocks = bench.blocks(40);
  builder.add_part(blocks.front(), {blocks.front().first_id, blocks.front().end_id()});
  const auto good = decoded(builder);
  const auto refused = [&](auto&& spoil) {
    proto::DecodedWaveform value = good;
    spoil(value);
    const auto rows = decode_raw_rows(std::move(value));
    EXPECT_FALSE(rows);
    return rows ? std::string() : rows.error().message();
  };
  EXPECT_THAT(refused([](auto& value) { value.words.calibration.clear(); }),
              HasSubstr("no file in hexadecimal"));
  EXPECT_THAT(refused([](auto& value) { value.words.calibration.pop_back(); }),
              HasSubstr("no file in hexadecimal"));
  EXPECT_THAT(refused([](auto& value) {
                char& digit = value.words.calibration[400];
                digit = digit == '0' ? '1' : '0';
              }),
              HasSubstr("checksum"));
  EXPECT_THAT(refused([](auto& value) { value.words.signals = "js999 current"; }),
              HasSubstr("js999"));
  EXPECT_THAT(refused([](auto& value) { value.words.signals = "js110 voltage_range"; }),
              HasSubstr("voltage_range"));
  EXPECT_THAT(refused([](auto& value) { value.words.signals = "js110 gpi0 gpi0"; }),
              HasSubstr("twice"));
  EXPECT_THAT(refused([](auto& value) { value.rows.pop_back(); }), HasSubstr("no row"));
  EXPECT_THAT(refused([](auto& value) { value.rows[1].runs.back().run_length += 1; }),
              HasSubstr("no row"));
  EXPECT_THAT(refused([](auto& value) { value.rows[1].runs.back().code = 2; }),
              HasSubstr("no row"));
}

// The driver's Blocks on the bench's counter, through the pipeline and back.
TEST(RawWaveform, NoBatchIsTooLargeAndEachIsDecodedByItself) {
  RawWordsBench words(9, true);
  PipelineBench bench(1e6);
  bench.options.waveform = WaveformMode::kFull;
  bench.info = words.info(true);
  // The largest file that an instrument can hold; what is behind its end does not count.
  bench.info.calibration_file.resize(drivers::js110::kCalibrationBytesMax);
  bench.start_connected();
  const std::uint64_t shift = bench.position().value();
  std::vector<std::uint32_t> sent;
  std::vector<float> current;
  for (proto::Block block : words.blocks(12'000)) {
    block.segment = bench.segment();
    block.first_id = block.first_id + shift;
    block.time = bench.time();
    sent.insert(sent.end(), block.words.begin(), block.words.end());
    current.insert(current.end(), block.current.values.begin(), block.current.values.end());
    bench.pipeline->on_block(block);
  }
  bench.pipeline->finish();
  const auto rows = bench.rows(proto::Lane::kWaveform);
  EXPECT_GT(rows.size(), 5U);
  std::vector<std::uint32_t> got;
  std::vector<float> got_current;
  for (const buffer::NewRow& row : rows) {
    EXPECT_LE(row.payload.size(), proto::kWaveformBytesMax);
    EXPECT_GT(row.payload.size(), proto::kWaveformBytesMax / 20);
    const auto value = proto::decode_waveform(row.payload);
    ASSERT_TRUE(value) << value.error().message();
    for (const DecodedRow& one : value->rows) {
      got.insert(got.end(), one.words.begin(), one.words.end());
    }
    const auto floats = decode_raw_rows(*value);
    ASSERT_TRUE(floats) << floats.error().message();
    for (const DecodedRow& one : floats->rows) {
      if (one.signal != "current") continue;
      got_current.insert(got_current.end(), one.values.begin(), one.values.end());
    }
  }
  EXPECT_EQ(got, sent);
  EXPECT_TRUE(same_bits(got_current, current));
}

TEST(RawWaveform, DecimatedRowsHaveNoWords) {
  RawWordsBench words(10, true);
  PipelineBench bench(1e6);
  bench.info = words.info(true);
  bench.start_connected();
  const std::uint64_t shift = bench.position().value();
  for (proto::Block block : words.blocks(100)) {
    block.segment = bench.segment();
    block.first_id = block.first_id + shift;
    block.time = bench.time();
    bench.pipeline->on_block(block);
  }
  bench.pipeline->finish();
  const auto rows = bench.waveform();
  EXPECT_FALSE(rows.empty());
  for (const DecodedRow& row : rows) {
    EXPECT_TRUE(row.signal == "current" || row.signal == "voltage" || row.signal == "power");
    EXPECT_FALSE(row.min.empty());
  }
  const auto payload = bench.rows(proto::Lane::kWaveform).front().payload;
  EXPECT_TRUE(proto::decode_waveform(payload)->words.empty());
}

}  // namespace
}  // namespace agent::test
