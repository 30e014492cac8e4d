// SPDX-License-Identifier: Apache-2.0
// What one sample pair costs on its way from a Block to sealed rows. `core_percent` is what one
// instrument at 1 MSPS takes of one core.
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/emulated_blocks.h"
#include "proto/summary.h"

namespace agent {
namespace {

using bench::blocks_of;
using bench::kBlocks;
using bench::kBlockValues;

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
  std::uint64_t bytes = 0;
  bench::FedPipeline pipeline(options, [&](SpoolEntry&& entry) {
    bytes += entry.size_bytes();
    return true;
  });
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBlocks; ++i) pipeline.feed();
  }
  set_per_sample(state, kBlocks * kBlockValues);
  state.counters["bytes_per_pair"] =
      static_cast<double>(bytes) / static_cast<double>(pipeline.pairs());
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
