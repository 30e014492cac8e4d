// SPDX-License-Identifier: Apache-2.0
// A million records at 1000 Hz on a virtual clock: timestamps and record numbers strictly increase
// across batch borders and kills.
#include <gtest/gtest.h>

#include <charconv>

#include "proto/record_group.h"
#include "tests/agent/pipeline/pipeline_bench.h"
#include "tests/under_sanitizer.h"

namespace agent::test {
namespace {

std::int64_t number_after(const std::string& text, std::string_view name) {
  const std::size_t at = text.find(name);
  std::int64_t value = -1;
  if (at == std::string::npos) return value;
  const char* from = text.data() + at + name.size();
  std::from_chars(from, text.data() + text.size(), value);
  return value;
}

TEST(Timestamps, StrictlyIncreaseOverAMillionRecords) {
  PipelineBench bench(1000);
  bench.options.telemetry_rate_hz = 1000;  // one value per record
  bench.options.waveform = WaveformMode::kOff;
  bench.keeps_rows = false;
  std::int64_t last_us = 0;
  std::int64_t last_number = 0;
  std::string last_stamp;
  std::uint64_t records = 0;
  std::uint64_t rows = 0;
  bench.tap = [&](const SpoolEntry& entry) {
    for (const buffer::NewRow& row : entry.rows) {
      if (row.facts.lane != proto::Lane::kTelemetry) continue;
      ++rows;
      const auto group = proto::decode_record_group(row.payload);
      ASSERT_TRUE(group.has_value());
      for (const proto::GroupedRecord& record : *group) {
        const std::int64_t us = number_after(record.value, "\"epoch_us\":");
        const std::int64_t number = number_after(record.value, "\"record_number\":");
        const std::size_t at = record.value.find("\"timestamp\":\"") + 13;
        const std::string stamp = record.value.substr(at, 27);
        ASSERT_GT(us, last_us);
        ASSERT_GT(number, last_number);
        ASSERT_GT(stamp, last_stamp);
        ASSERT_EQ(us, record.end_utc_us);
        last_us = us;
        last_number = number;
        last_stamp = stamp;
        ++records;
      }
    }
  };
  bench.start_connected();
  bench.run(run_named("million"));
  constexpr int kBlocks = wattspool_test::kUnderSanitizer ? 21 : 201;
  for (int life = 0; life < 10; ++life) {
    for (int block = 0; block < kBlocks; ++block) bench.add(500, Sample{0.5F, 3.0F});
    bench.crash();
    bench.pass(static_cast<std::size_t>(life) * 7);
    bench.start_connected();
  }
  EXPECT_GE(records, (kBlocks - 1) * 5000U);
  EXPECT_GT(rows, (kBlocks - 1) * 5U);
  EXPECT_EQ(bench.test_id(), "million");
}

// The new segment's map puts its ids up to a second before the end of the old one's.
TEST(Timestamps, StrictlyIncreaseWhenTheNewMapIsBehindTheOld) {
  PipelineBench bench(1000);
  bench.start_connected();
  bench.run(run_named("t"));
  bench.add(500, Sample{1.0F, 1.0F});
  bench.pipeline->finish();
  bench.clock.set_utc(bench.clock.utc_ns() - 300'000'000);
  bench.set_counter(bench.position());
  bench.begin_segment();
  bench.add(1000, Sample{1.0F, 1.0F});
  bench.pipeline->finish();
  std::int64_t last_us = 0;
  for (const Json& record : bench.records()) {
    EXPECT_GT(record.at("epoch_us").get<std::int64_t>(), last_us);
    last_us = record.at("epoch_us").get<std::int64_t>();
  }
  EXPECT_EQ(bench.records().size(), 15U);
}

TEST(Timestamps, AClockThatWasSetBackFurtherIsNotHidden) {
  PipelineBench bench(1000);
  bench.start_connected();
  bench.add(500, Sample{1.0F, 1.0F});
  bench.clock.set_utc(bench.clock.utc_ns() - 3'600'000'000'000);
  bench.set_counter(bench.position());
  bench.begin_segment();
  bench.add(500, Sample{1.0F, 1.0F});
  bench.pipeline->finish();
  const std::vector<Json> records = bench.records();
  EXPECT_LT(records.back().at("epoch_us").get<std::int64_t>(),
            records.front().at("epoch_us").get<std::int64_t>());
  ASSERT_EQ(bench.events("clock_step").size(), 1U);
  EXPECT_NEAR(bench.events("clock_step")[0].at("value").get<double>(), -3600, 0.01);
  EXPECT_TRUE(bench.events("gap").empty()) << "the counter went on without a hole";
}

}  // namespace
}  // namespace agent::test
