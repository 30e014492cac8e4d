// SPDX-License-Identifier: Apache-2.0
// The bytes on the wire are a promise: they are compared with files, byte for byte.
// WATTSPOOL_UPDATE_GOLDEN=1 rewrites the files; the diff is then the change of the contract.
#include <gtest/gtest.h>
#include <zstd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "agent/audit/raw_rows.h"
#include "golden_records.h"
#include "proto/crc32c.h"

namespace proto {
namespace {

using golden::WaveformCase;

// Another zstd may choose other frames for the same content. Debian 12 has this one; with any other
// only the content is compared.
bool is_the_zstd_of_the_files() { return ZSTD_versionNumber() == 10'504; }

std::string read_file(const std::string& name) {
  std::ifstream file(WATTSPOOL_TEST_DATA "/golden/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// In update mode writes the file; returns what is there.
std::string golden_file(const std::string& name, std::string_view now) {
  if (std::getenv("WATTSPOOL_UPDATE_GOLDEN") != nullptr) {
    std::ofstream file(WATTSPOOL_TEST_DATA "/golden/" + name, std::ios::binary);
    file << now;
  }
  return read_file(name);
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::vector<std::byte> encode(const WaveformBatch& batch) {
  std::vector<std::byte> bytes;
  WaveformWriter().encode(batch, bytes);
  return bytes;
}

// Says what a decoded value holds in the words of golden::waveform_content.
std::string content_of(const DecodedWaveform& waveform) {
  WaveformBatch batch;
  batch.device_id = waveform.rows.at(0).device_id;
  batch.test_id = waveform.rows.at(0).test_id;
  batch.segment = waveform.rows.at(0).segment;
  for (const DecodedRow& row : waveform.rows) {
    EXPECT_EQ(row.encoding, "arrow");
    batch.rows.push_back({row.signal, row.unit, row.first_sample, row.ids_per_value, row.utc_ns,
                          row.time_uncertainty_ns, row.rate_hz, row.gap_before, row.values, row.min,
                          row.max, row.std, row.runs, row.words});
  }
  return golden::waveform_content(batch);
}

TEST(GoldenFiles, JsonRecordsAreThoseOfTheFiles) {
  const std::pair<const char*, std::string> files[] = {
      {"telemetry_vector.jsonl", golden::telemetry_vector()},
      {"telemetry_edges.jsonl", golden::telemetry_edges()},
      {"event.jsonl", golden::events()},
      {"run.jsonl", golden::runs()},
      {"device.jsonl", golden::devices()},
      {"agent.jsonl", golden::agents()},
      {"progress.jsonl", golden::progress()},
  };
  for (const auto& [name, now] : files) EXPECT_EQ(golden_file(name, now), now) << name;
}

// 0-18: no time zone of the process enters the bytes.
TEST(GoldenFiles, JsonRecordsAreTheSameInTokyo) {
  setenv("TZ", "Asia/Tokyo", 1);
  tzset();
  EXPECT_EQ(read_file("telemetry_vector.jsonl"), golden::telemetry_vector());
  EXPECT_EQ(read_file("run.jsonl"), golden::runs());
  unsetenv("TZ");
  tzset();
}

TEST(GoldenFiles, WaveformsAreThoseOfTheFiles) {
  for (const WaveformCase& example : golden::waveforms()) {
    const auto now = encode(example.batch);
    const std::string stored = golden_file(example.name + ".arrows", text_of(now));
    const std::string content = golden::waveform_content(example.batch);
    EXPECT_EQ(golden_file(example.name + ".content.jsonl", content), content) << example.name;
    if (is_the_zstd_of_the_files()) {
      EXPECT_EQ(stored, text_of(now)) << example.name;
    }
    const auto decoded = decode_waveform(bytes_of(stored));
    ASSERT_TRUE(decoded) << example.name << ": " << decoded.error().message();
    EXPECT_EQ(content_of(*decoded), content) << example.name;
    EXPECT_EQ(decoded->stream, example.batch.stream);
    EXPECT_EQ(decoded->agent_id, example.batch.agent_id);
    EXPECT_EQ(decoded->version, example.batch.version);
    EXPECT_EQ(decoded->words, example.batch.words);
  }
}

// Readers in other languages are judged by this file, too.
TEST(GoldenFiles, RawWordsAreDecodedToTheFile) {
  const auto raw = decode_waveform(bytes_of(read_file("waveform_raw.arrows")));
  ASSERT_TRUE(raw) << raw.error().message();
  const auto decoded = agent::decode_raw_rows(*raw);
  ASSERT_TRUE(decoded) << decoded.error().message();
  const std::string content = content_of(*decoded);
  EXPECT_EQ(golden_file("waveform_raw.decoded.jsonl", content), content);
}

// Written by pyarrow, with a column more (tests/readers/write_foreign_waveform.py).
TEST(GoldenFiles, AForeignWaveformWithAnAddedColumnIsRead) {
  const auto decoded = decode_waveform(bytes_of(read_file("waveform_foreign.arrows")));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(content_of(*decoded), read_file("waveform_full_rate.content.jsonl"));
  EXPECT_EQ(decoded->agent_id, "bench-07");
}

TEST(GoldenFiles, RecordGroupIsThatOfTheFile) {
  const auto now = RecordGroupWriter().encode(golden::group());
  const std::string stored = golden_file("telemetry_vector.group", text_of(now));
  if (is_the_zstd_of_the_files()) {
    EXPECT_EQ(stored, text_of(now));
  }
  const auto decoded = decode_record_group(bytes_of(stored));
  ASSERT_TRUE(decoded) << decoded.error().message();
  std::string lines;
  for (const GroupedRecord& record : *decoded) lines += record.value + "\n";
  EXPECT_EQ(lines, read_file("telemetry_vector.jsonl"));
}

// 2-35: what a reader that checks ce_crc32c accepts.
TEST(GoldenFiles, EveryFlippedBitOfAWaveformFailsItsChecksum) {
  std::string value = read_file("waveform_full_rate.arrows");
  ASSERT_FALSE(value.empty());
  const std::uint32_t ce_crc32c = crc32c(bytes_of(value));
  for (std::size_t bit = 0; bit < 8 * value.size(); ++bit) {
    value[bit / 8] = static_cast<char>(value[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NE(crc32c(bytes_of(value)), ce_crc32c) << "bit " << bit;
    value[bit / 8] = static_cast<char>(value[bit / 8] ^ (1 << (bit % 8)));
  }
  EXPECT_EQ(crc32c(bytes_of(value)), ce_crc32c);
}

}  // namespace
}  // namespace proto
