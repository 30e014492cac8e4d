// SPDX-License-Identifier: Apache-2.0
// What one sample pair costs on its way from a Block to sealed rows. `core_percent` is what one
// instrument at 1 MSPS takes of one core.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "agent/pipeline/pipeline.h"
#include "drivers/signal/load_source.h"
#include "proto/summary.h"

namespace agent {
namespace {

constexpr std::int64_t kStart_ns = 1'735'689'600'000'000'000;
constexpr std::size_t kBlockValues = 21'420;  // what the driver hands over at full rate
constexpr std::size_t kBlocks = 64;           // 1.4 s of samples, played again and again

class BlockClock final : public proto::Clock {
 public:
  std::int64_t utc_ns() const override { return kStart_ns + elapsed_ns; }
  std::int64_t monotonic_ns() const override { return elapsed_ns; }
  std::int64_t elapsed_ns = 0;
};

// Blocks of an emulated load with the instrument's noise floor.
std::vector<proto::Block> blocks_of(const std::string& load) {
  drivers::SourceSpec spec;
  spec.load = load;
  const auto source = drivers::make_source(spec);
  if (!source) std::abort();
  std::vector<proto::Block> blocks(kBlocks);
  std::vector<float> current;
  std::vector<float> voltage;
  for (std::uint64_t index = 0; current.size() < kBlocks * kBlockValues; ++index) {
    drivers::Chunk chunk;
    (*source)->fill(index, drivers::RangeLimits(), chunk);
    current.insert(current.end(), chunk.current.begin(), chunk.current.end());
    voltage.insert(voltage.end(), chunk.voltage.begin(), chunk.voltage.end());
  }
  for (std::size_t k = 0; k < kBlocks; ++k) {
    proto::Block& block = blocks[k];
    const auto at = static_cast<std::ptrdiff_t>(k * kBlockValues);
    const auto end = at + static_cast<std::ptrdiff_t>(kBlockValues);
    block.id_count = 2 * kBlockValues;
    block.current = {2, {current.begin() + at, current.begin() + end}};
    block.voltage = {2, {voltage.begin() + at, voltage.begin() + end}};
    block.codes = {{1, 2, {{3, 2 * kBlockValues}}}, {1, 3, {{0, kBlockValues}, {1, kBlockValues}}}};
  }
  return blocks;
}

void set_per_sample(benchmark::State& state, std::size_t values_per_iteration) {
  const auto values = static_cast<double>(state.iterations() * values_per_iteration);
  using benchmark::Counter;
  // Seconds of CPU per value, shown in ns; at 1 MSPS the share of a core is the same times 10^6.
  state.counters["per_pair"] = Counter(values, Counter::kIsRate | Counter::kInvert);
  state.counters["core_percent"] = Counter(values / 1e8, Counter::kIsRate | Counter::kInvert);
}

void BM_ExactSums(benchmark::State& state) {
  const std::vector<proto::Block> blocks = blocks_of("ble");
  proto::ExactAccumulator accumulator;
  for (auto _ : state) {
    for (const auto& block : blocks) accumulator.add(block.current.values, block.voltage.values);
  }
  benchmark::DoNotOptimize(accumulator.valid_count());
  set_per_sample(state, kBlocks * kBlockValues);
}

void BM_SumsAndMoments(benchmark::State& state) {
  const std::vector<proto::Block> blocks = blocks_of("ble");
  proto::ExactSums sums;
  for (auto _ : state) {
    for (const auto& block : blocks) {
      benchmark::DoNotOptimize(proto::summarize(block.current.values, block.voltage.values, sums));
    }
  }
  set_per_sample(state, kBlocks * kBlockValues);
}

void run_pipeline(benchmark::State& state, const PipelineOptions& options) {
  std::vector<proto::Block> blocks = blocks_of("ble");
  BlockClock clock;
  EventFactory events(proto::StreamId(), "bench", "bench.");
  std::uint64_t bytes = 0;
  const auto take = [&](SpoolEntry&& entry) {
    bytes += entry.size_bytes();
    return true;
  };
  proto::DeviceInfo info;
  info.id = {"js220", "000001"};
  info.sample_id_rate_hz = 2e6;
  info.signals = {{"current", "A", 1e6, 2},
                  {"voltage", "V", 1e6, 2},
                  {"current_range", "", 2e6, 1},
                  {"gpi0", "", 2e6, 1}};
  Pipeline pipeline(options, info.id, {}, {clock, events, take, take});
  if (!pipeline.on_opened(info)) std::abort();
  const proto::TimeMap time = {proto::SampleId(), kStart_ns, 2e6, proto::TimeSource::kInstrument,
                               1000};
  proto::SampleId position;
  pipeline.on_segment({proto::SegmentId(1), position, time});
  for (auto _ : state) {
    for (proto::Block& block : blocks) {
      block.segment = proto::SegmentId(1);
      block.first_id = position;
      block.time = time;
      position = position + block.id_count;
      clock.elapsed_ns = static_cast<std::int64_t>(position.value() * 500);
      pipeline.on_block(block);
      pipeline.on_tick();
    }
  }
  set_per_sample(state, kBlocks * kBlockValues);
  state.counters["bytes_per_pair"] =
      static_cast<double>(bytes) / static_cast<double>(position.value() / 2);
}

void BM_PipelineDefault(benchmark::State& state) { run_pipeline(state, PipelineOptions()); }

void BM_PipelineFullRate(benchmark::State& state) {
  PipelineOptions options;
  options.waveform = WaveformMode::kFull;
  run_pipeline(state, options);
}

void BM_PipelineTelemetry1kHz(benchmark::State& state) {
  PipelineOptions options;
  options.telemetry_rate_hz = 1000;
  run_pipeline(state, options);
}

BENCHMARK(BM_ExactSums)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_SumsAndMoments)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_PipelineDefault)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_PipelineFullRate)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_PipelineTelemetry1kHz)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace agent
