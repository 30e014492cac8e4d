// SPDX-License-Identifier: Apache-2.0
// The statistics of an emulated JS220: blocks of values, one after another, and sums over all of
// them. It computes as time passes, and only while a host wants them. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "drivers/js220_statistics.h"
#include "drivers/signal/sample_source.h"

namespace drivers::js220 {

class StatisticsMaker {
 public:
  // A host that lets more time pass has lost what lies before, the integrals too: they begin anew.
  static constexpr std::uint64_t kBehindIdsMax = 4'000'000;  // 2 s

  // The source outlives it.
  explicit StatisticsMaker(const SampleSource& source);

  // The first block and the integrals begin with the first value at or after `counter`.
  void start(std::uint64_t counter, std::uint32_t block_values);
  void stop() { running_ = false; }
  bool running() const { return running_; }
  // The block at hand is given up; the next one begins where it stands.
  void set_block_values(std::uint32_t block_values);
  // The integrals begin anew with the next value.
  void clear();
  // Absent: the current reads 0.
  void set_range(std::optional<RangeLimits> limits);

  // Takes in what was measured until `counter`; the next block that is complete, if one is.
  std::optional<Statistics> next(std::uint64_t counter);
  // The counter reading at which a block is complete; absent when it does not run.
  std::optional<std::uint64_t> due() const;

 private:
  void begin_block();
  void add(std::uint64_t values);

  const SampleSource& source_;
  bool running_ = false;
  std::uint32_t block_values_ = 1;
  std::uint64_t value_ = 0;        // the next one: half its id
  std::uint64_t block_value_ = 0;  // the first of the block at hand
  Statistics statistics_;
  std::optional<RangeLimits> limits_;
  std::unique_ptr<Chunk> chunk_;
  std::optional<std::uint64_t> chunk_index_;
};

}  // namespace drivers::js220
