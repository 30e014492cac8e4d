// SPDX-License-Identifier: Apache-2.0
// What the wire format costs: waveform values, JSON records, record groups, checksums.
// `core_percent` is what one instrument takes of one core, `wire_bytes_per_s` what it sends.
#include <benchmark/benchmark.h>

#include <cmath>
#include <ctime>
#include <random>

#include "proto/crc32c.h"
#include "proto/record_group.h"
#include "proto/telemetry_record.h"
#include "proto/waveform.h"

namespace proto {
namespace {

double thread_cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// A sleeping load with bursts, and the noise floor of a JS220 on both signals.
struct Samples {
  explicit Samples(std::size_t count) {
    std::mt19937 random(1);
    std::normal_distribution<float> noise;
    for (std::size_t i = 0; i < count; ++i) {
      const float level = i % 50'000 < 49'000 ? 12e-6F : 15e-3F;
      current.push_back(level + level * 0.02F * noise(random) + 1e-7F * noise(random));
      voltage.push_back(3.3F - level * 0.5F + 60e-6F * noise(random));
    }
  }
  std::vector<float> current;
  std::vector<float> voltage;
};

WaveformBatch batch_of(const Samples& samples, std::uint32_t ids_per_value, bool summaries) {
  WaveformBatch batch;
  batch.device_id = "js220-001234";
  batch.test_id = "20261124T120000Z-5eed";
  batch.agent_id = "bench-07";
  batch.version = "0.1.0";
  for (const auto* values : {&samples.current, &samples.voltage}) {
    WaveformRow row;
    row.signal = values == &samples.current ? "current" : "voltage";
    row.unit = values == &samples.current ? "A" : "V";
    row.first_sample = SampleId(4'000'000'000);
    row.ids_per_value = ids_per_value;
    row.utc_ns = 1'795'521'600'000'000'000;
    row.rate_hz = 2e6 / ids_per_value;
    row.values = *values;
    if (summaries) row.min = row.max = row.std = *values;
    batch.rows.push_back(row);
  }
  return batch;
}

void encode_waveform(benchmark::State& state, const WaveformBatch& batch) {
  WaveformWriter writer(static_cast<int>(state.range(0)));
  std::vector<std::byte> out;
  const double begin = thread_cpu_s();
  for (auto _ : state) {
    out.clear();
    writer.encode(batch, out);
    benchmark::DoNotOptimize(out.data());
  }
  const double cpu_s = (thread_cpu_s() - begin) / static_cast<double>(state.iterations());
  const auto values = static_cast<double>(batch.rows[0].values.size());
  const double span_s = values / batch.rows[0].rate_hz;
  state.counters["ns_per_value"] = 1e9 * cpu_s / (values * static_cast<double>(batch.rows.size()));
  state.counters["core_percent"] = 100 * cpu_s / span_s;
  state.counters["wire_bytes_per_s"] = static_cast<double>(out.size()) / span_s;
}

void waveform_full_rate(benchmark::State& state) {
  const Samples samples(kBlockValuesMax);
  encode_waveform(state, batch_of(samples, 2, false));
}
BENCHMARK(waveform_full_rate)->Arg(-5)->Arg(-1)->Arg(1)->Arg(3);

void waveform_full_rate_read(benchmark::State& state) {
  const Samples samples(kBlockValuesMax);
  std::vector<std::byte> bytes;
  WaveformWriter().encode(batch_of(samples, 2, false), bytes);
  for (auto _ : state) benchmark::DoNotOptimize(decode_waveform(bytes));
  state.counters["ns_per_value"] =
      benchmark::Counter(2e-9 * kBlockValuesMax * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(waveform_full_rate_read);

// One second at 1 kHz: mean, min, max and std.
void waveform_decimated(benchmark::State& state) {
  const Samples samples(1000);
  encode_waveform(state, batch_of(samples, 2000, true));
}
BENCHMARK(waveform_decimated)->Arg(1)->Arg(3);

TelemetryRecord telemetry(std::uint64_t number) {
  TelemetryRecord record;
  record.device_id = "js220-001234";
  record.test_id = "20261124T120000Z-5eed";
  record.record_number = RecordNumber(number);
  record.end_utc_us = 1'795'521'600'000'000 + static_cast<std::int64_t>(number) * 100'000;
  const double drift = std::sin(static_cast<double>(number));
  record.voltage_v = 3.3 + drift * 1e-3;
  record.current_a = 0.012 * (1 + drift / 7);
  record.power_w = record.voltage_v * record.current_a;
  record.duration_s = 0.1;
  record.capacity_charged_ah = record.current_a / 36'000;
  record.energy_charged_wh = record.power_w / 36'000;
  record.step_duration_s = 0.1 * static_cast<double>(number);
  record.step_capacity_charged_ah = record.capacity_charged_ah * static_cast<double>(number);
  record.step_energy_charged_wh = record.energy_charged_wh * static_cast<double>(number);
  record.sample_id_first = SampleId(4'000'000'000 + 200'000 * number);
  record.sample_id_last = record.sample_id_first + 199'999;
  record.sample_count = 100'000;
  record.charge_c = record.current_a / 10;
  record.energy_j = record.power_w / 10;
  for (const char* name :
       {"voltage_min__V", "voltage_max__V", "voltage_std__V", "current_min__A", "current_max__A",
        "current_std__A", "power_min__W", "power_max__W", "power_std__W"}) {
    record.auxiliary.emplace_back(name, record.voltage_v / (3.1 + drift));
  }
  record.metadata_json =
      R"({"agent_id":"bench-07","site":"graz","bench":"7","part_id":"cell-12",)"
      R"("recipe_id":"formation-3","algorithm":"none","algorithm_version":"1.0",)"
      R"("current_sign":"measured","labels":{},"version":"0.1.0"})";
  return record;
}

void telemetry_to_json(benchmark::State& state) {
  const TelemetryRecord record = telemetry(1234);
  std::size_t bytes = 0;
  for (auto _ : state) bytes = to_json(record).size();
  state.counters["record_bytes"] = static_cast<double>(bytes);
}
BENCHMARK(telemetry_to_json);

void record_group(benchmark::State& state) {
  std::vector<GroupedRecord> records;
  double raw_bytes = 0;
  for (std::int64_t i = 1; i <= state.range(0); ++i) {
    const auto record = telemetry(static_cast<std::uint64_t>(i));
    records.push_back({record.end_utc_us - 100'000, record.end_utc_us, 0, to_json(record)});
    raw_bytes += static_cast<double>(records.back().value.size());
  }
  RecordGroupWriter writer;
  std::size_t bytes = 0;
  for (auto _ : state) bytes = writer.encode(records).size();
  state.counters["bytes_per_record"] =
      static_cast<double>(bytes) / static_cast<double>(records.size());
  state.counters["ratio"] = raw_bytes / static_cast<double>(bytes);
}
BENCHMARK(record_group)->Arg(1)->Arg(10)->Arg(100);

template <std::uint32_t (*checksum)(std::span<const std::byte>, std::uint32_t)>
void crc32c_of_256_kib(benchmark::State& state) {
  const std::vector<std::byte> bytes(256 << 10, std::byte{0x5A});
  for (auto _ : state) benchmark::DoNotOptimize(checksum(bytes, 0));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes.size()) * state.iterations());
}
BENCHMARK(crc32c_of_256_kib<crc32c>);
BENCHMARK(crc32c_of_256_kib<crc32c_portable>);

}  // namespace
}  // namespace proto
