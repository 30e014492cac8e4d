// SPDX-License-Identifier: Apache-2.0
// What the benchmarks of drivers measure with: the processor's time, and a sink that counts.
#pragma once

#include <cstdint>
#include <ctime>

#include "drivers/instrument_driver.h"

namespace bench {

// Of this process, or of this thread (CLOCK_THREAD_CPUTIME_ID).
inline double cpu_seconds(clockid_t of = CLOCK_PROCESS_CPUTIME_ID) {
  timespec now{};
  clock_gettime(of, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class CountingSink final : public drivers::DriverSink {
 public:
  void on_segment(const drivers::SegmentStart& /*start*/) override {}
  void on_block(const proto::Block& block) override {
    values += block.current.values.size();
    ++blocks;
  }
  void on_gap(const proto::Gap& /*gap*/) override { ++gaps; }

  std::uint64_t values = 0;
  std::uint64_t blocks = 0;
  std::uint64_t gaps = 0;
};

}  // namespace bench
