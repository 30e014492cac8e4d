// SPDX-License-Identifier: Apache-2.0
// Blocks of one emulated JS220 at 1 MSPS and the virtual clock that goes with them: a pipeline runs
// as fast as it can.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/pipeline/pipeline.h"
#include "bench/scratch_dir.h"
#include "drivers/signal/load_source.h"

namespace bench {

class BlockClock final : public proto::Clock {
 public:
  static constexpr std::int64_t kStart_ns = 1'735'689'600'000'000'000;
  std::int64_t utc_ns() const override { return kStart_ns + elapsed_ns; }
  std::int64_t monotonic_ns() const override { return elapsed_ns; }
  std::int64_t elapsed_ns = 0;
};

inline constexpr std::size_t kBlockValues = 21'420;  // what the driver hands over at full rate
inline constexpr std::size_t kBlocks = 64;           // 1.4 s of samples, played again and again

// Blocks of an emulated load with the instrument's noise floor.
inline std::vector<proto::Block> blocks_of(const std::string& load) {
  drivers::SourceSpec spec;
  spec.load = load;
  const auto source = drivers::make_source(spec);
  require(source.has_value(), "no load " + load);
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

// A pipeline that is fed block after block.
class FedPipeline {
 public:
  FedPipeline(const agent::PipelineOptions& options, const agent::EntryPush& take)
      : blocks_(blocks_of("ble")),
        events_(proto::StreamId(), "bench", "bench."),
        pipeline_(options, info().id, {}, {clock_, events_, take, take}) {
    require(pipeline_.on_opened(info()).has_value(), "open the pipeline");
    pipeline_.on_segment({proto::SegmentId(1), position_, kTime});
  }

  void feed() {
    proto::Block& block = blocks_[next_];
    next_ = (next_ + 1) % kBlocks;
    block.segment = proto::SegmentId(1);
    block.first_id = position_;
    block.time = kTime;
    position_ = position_ + block.id_count;
    clock_.elapsed_ns = static_cast<std::int64_t>(position_.value() * 500);
    pipeline_.on_block(block);
    pipeline_.on_tick();
  }
  std::int64_t elapsed_ns() const { return clock_.elapsed_ns; }
  std::uint64_t pairs() const { return position_.value() / 2; }

 private:
  static constexpr proto::TimeMap kTime = {proto::SampleId(), BlockClock::kStart_ns, 2e6,
                                           proto::TimeSource::kInstrument, 1000};
  static proto::DeviceInfo info() {
    proto::DeviceInfo info;
    info.id = {"js220", "000001"};
    info.sample_id_rate_hz = 2e6;
    info.signals = {{"current", "A", 1e6, 2},
                    {"voltage", "V", 1e6, 2},
                    {"current_range", "", 2e6, 1},
                    {"gpi0", "", 2e6, 1}};
    return info;
  }

  std::vector<proto::Block> blocks_;
  std::size_t next_ = 0;
  BlockClock clock_;
  agent::EventFactory events_;
  agent::Pipeline pipeline_;
  proto::SampleId position_;
};

}  // namespace bench
