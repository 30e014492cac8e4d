// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "golden_records.h"
#include "proto/json_writer.h"
#include "tests/drivers/js110_golden.h"

namespace proto::golden {
namespace {

constexpr std::int64_t kNoonNs = 1'795'521'600'000'000'000;  // 2026-11-24T12:00:00Z

WaveformCase empty_case(const char* name, std::size_t float_columns) {
  WaveformCase example;
  example.name = name;
  example.floats.resize(float_columns);
  example.batch.device_id = "js220-001234";
  example.batch.test_id = "t-0001";
  example.batch.segment = SegmentId(3);
  example.batch.stream = *StreamId::from_hex("00112233445566778899aabbccddeeff");
  example.batch.agent_id = "bench-07";
  example.batch.version = "0.1.0";
  return example;
}

// A load that sleeps, wakes and transmits, with exactly representable arithmetic on every host.
float level(std::size_t i) {
  const std::size_t phase = i % 500;
  return phase < 400 ? 0x1p-18F : phase < 480 ? 0x1.8p-6F : 0x1.2p-3F + static_cast<float>(i % 3);
}

// Every bit pattern of a generator, exponents included: nothing for a compressor to find.
void fill_noise(std::vector<float>& values, std::size_t count, std::uint64_t seed) {
  for (std::size_t i = 0; i < count; ++i) {
    seed = seed * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
    const auto bits = static_cast<std::uint32_t>(seed >> 32);
    const auto value = std::bit_cast<float>(bits);
    values.push_back(std::isnan(value) ? 1.0F : value);
  }
}

WaveformRow row_of(const char* signal, const char* unit, std::uint32_t ids_per_value) {
  WaveformRow row;
  row.signal = signal;
  row.unit = unit;
  row.first_sample = SampleId(40'000'000);
  row.ids_per_value = ids_per_value;
  row.utc_ns = kNoonNs;
  row.time_uncertainty_ns = 250;
  row.rate_hz = 2e6 / ids_per_value;
  return row;
}

WaveformCase full_rate() {
  WaveformCase example = empty_case("waveform_full_rate", 2);
  for (std::size_t i = 0; i < 2'000; ++i) {
    example.floats[0].push_back(level(i));
    example.floats[1].push_back(3.5F - level(i) / 8);
  }
  // Values as they arrived: what is not finite stays.
  example.floats[0][7] = std::numeric_limits<float>::quiet_NaN();
  example.floats[0][8] = -std::numeric_limits<float>::infinity();
  example.floats[1][9] = -0.0F;
  example.runs = {{4, 1'600}, {5, 320}, {kMissingCode, 2}, {3, 2'078}};
  WaveformRow current = row_of("current", "A", 2);
  current.gap_before = 252;
  current.values = example.floats[0];
  WaveformRow voltage = row_of("voltage", "V", 2);
  voltage.gap_before = 252;
  voltage.values = example.floats[1];
  WaveformRow range = row_of("current_range", "", 1);
  range.runs = example.runs;
  example.batch.rows = {current, voltage, range};
  return example;
}

WaveformCase decimated() {
  WaveformCase example = empty_case("waveform_decimated", 8);
  for (std::size_t i = 0; i < 300; ++i) {
    for (std::size_t k = 0; k < 4; ++k) {
      example.floats[k].push_back(level(i) + static_cast<float>(k));
      example.floats[4 + k].push_back(3.5F + static_cast<float>(i % 5) / 4 + static_cast<float>(k));
    }
  }
  WaveformRow current = row_of("current", "A", 2'000);
  current.values = example.floats[0];
  current.min = example.floats[1];
  current.max = example.floats[2];
  current.std = example.floats[3];
  WaveformRow voltage = row_of("voltage", "V", 2'000);
  voltage.values = example.floats[4];
  voltage.min = example.floats[5];
  voltage.max = example.floats[6];
  voltage.std = example.floats[7];
  // A window cut short by a border is a row of its own.
  WaveformRow partial = current;
  partial.first_sample = SampleId(40'600'000);
  partial.ids_per_value = 1'234;
  partial.utc_ns = kNoonNs + 300'000'000;
  partial.rate_hz = 2e6 / 1'234;
  for (auto* column : {&partial.values, &partial.min, &partial.max, &partial.std}) {
    *column = column->first(1);
  }
  example.batch.rows = {current, voltage, partial};
  return example;
}

// Ends just below 2^53, at an odd nanosecond, with text that is not ASCII and an empty row.
WaveformCase extremes() {
  WaveformCase example = empty_case("waveform_extremes", 1);
  example.batch.segment = SegmentId(4'294'967'295);
  example.batch.agent_id = "b";
  fill_noise(example.floats[0], 64, 1);
  WaveformRow row = row_of("temperature", "°C", 1);
  row.first_sample = SampleId((1ULL << 53) - 1 - 64);
  row.utc_ns = kNoonNs + 123'456'789;
  row.time_uncertainty_ns = (1ULL << 53) - 1;
  row.gap_before = (1ULL << 53) - 1;
  row.rate_hz = 1e6 / 3;
  row.values = example.floats[0];
  WaveformRow nothing = row_of("voltage", "V", 2);
  example.batch.rows = {row, nothing};
  return example;
}

WaveformCase noise() {
  WaveformCase example = empty_case("waveform_noise", 2);
  fill_noise(example.floats[0], 3'000, 2);
  fill_noise(example.floats[1], 3'000, 3);
  WaveformRow current = row_of("current", "A", 2);
  current.values = example.floats[0];
  WaveformRow voltage = row_of("voltage", "V", 2);
  voltage.values = example.floats[1];
  example.batch.rows = {current, voltage};
  return example;
}

// Two stretches of a JS110's words with a loss between them: all ranges, missing words, an input on
// the lowest bit of the current, and a change of the voltage's range.
WaveformCase raw() {
  WaveformCase example = empty_case("waveform_raw", 0);
  example.batch.device_id = "js110-000110";
  DeviceInfo info;
  info.words = "js110";
  for (const char* signal : {"current", "voltage", "current_range", "gpi0"}) {
    info.signals.push_back({.name = signal, .unit = "", .rate_hz = 2e6, .in_words = true});
  }
  info.signals.push_back({.name = "voltage_range", .unit = "", .rate_hz = 2e6});
  info.calibration_file = drivers::js110::encode(drivers::js110::golden_calibration());
  example.batch.words = words_origin(info);
  for (std::uint32_t k = 0; k < 2'000; ++k) {
    const std::uint32_t range = k / 100 % 8;
    const std::uint32_t current = 2'800 + k * 37 % 9'000;
    const std::uint32_t voltage = 4'000 + k * 7 % 300;
    example.words.push_back((range & 3) | current << 2 | (range >> 2) << 16 | (k % 2) << 17 |
                            voltage << 18);
  }
  for (const std::size_t k : {0, 500, 501, 1'999}) example.words[k] = kMissingCode;
  example.runs = {{0, 1'000}, {0, 600}, {1, 400}};
  const std::span<const std::uint32_t> words = example.words;
  const std::span<const CodeRun> ranges = example.runs;
  for (const std::size_t half : {0, 1}) {
    WaveformRow row = row_of(kRawSignal, "", 1);
    row.first_sample = row.first_sample + half * 1'126;
    row.utc_ns += static_cast<std::int64_t>(half) * 563'000;
    row.gap_before = half * 126;
    row.words = words.subspan(half * 1'000, 1'000);
    example.batch.rows.push_back(row);
    row.signal = "voltage_range";
    row.words = {};
    row.runs = ranges.subspan(half, 1 + half);
    example.batch.rows.push_back(row);
  }
  return example;
}

std::string hex_of(std::span<const float> values) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : std::as_bytes(values)) {
    hex += kHex[std::to_integer<std::size_t>(byte >> 4)];
    hex += kHex[std::to_integer<std::size_t>(byte & std::byte{0xF})];
  }
  return hex;
}

void write_row(JsonWriter& json, const WaveformBatch& batch, const WaveformRow& row) {
  json.begin_object()
      .string_field("device_id", batch.device_id)
      .string_field("test_id", batch.test_id)
      .string_field("signal", row.signal)
      .string_field("unit", row.unit)
      .unsigned_field("segment", batch.segment.value())
      .id_field("first_sample", row.first_sample)
      .unsigned_field("ids_per_value", row.ids_per_value)
      .string_field("time", std::to_string(row.utc_ns))  // above 2^53
      .unsigned_field("time_uncertainty_ns", row.time_uncertainty_ns)
      .float_field("rate_hz", row.rate_hz)
      .unsigned_field("gap_before", row.gap_before)
      .string_field("values", hex_of(row.values))
      .string_field("min", hex_of(row.min))
      .string_field("max", hex_of(row.max))
      .string_field("std", hex_of(row.std));
  json.key("codes").begin_array();
  for (const CodeRun& run : row.runs) json.unsigned_integer(run.code);
  for (const std::uint32_t word : row.words) json.unsigned_integer(word);
  json.end_array().key("run_lengths").begin_array();
  for (const CodeRun& run : row.runs) json.unsigned_integer(run.run_length);
  json.end_array().string_field("encoding", "arrow").string_field("packed", "").end_object();
}

}  // namespace

// A span into a vector stays valid when the case that owns the vector is moved, not when it is
// copied.
static_assert(std::is_nothrow_move_constructible_v<WaveformCase>);

std::vector<WaveformCase> waveforms() {
  std::vector<WaveformCase> cases;
  cases.push_back(full_rate());
  cases.push_back(decimated());
  cases.push_back(extremes());
  cases.push_back(noise());
  cases.push_back(raw());
  return cases;
}

std::string waveform_content(const WaveformBatch& batch) {
  std::string text;
  for (const WaveformRow& row : batch.rows) {
    JsonWriter json;
    write_row(json, batch, row);
    text += json.take() + "\n";
  }
  return text;
}

}  // namespace proto::golden
