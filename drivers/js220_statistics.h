// SPDX-License-Identifier: Apache-2.0
// The statistics that a JS220 computes itself, as it sends them (port 30). From the protocol sheet
// of the JS220, section 8. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "drivers/js220_wire.h"
#include "drivers/uint128.h"

namespace drivers::js220 {

// Of the values of one block, as integers: a value is an integer * 2^-n, n as below.
struct SignalStatistics {
  std::int64_t sum = 0;
  std::int64_t min = 0;
  std::int64_t max = 0;
  Int128 sum_of_squares = 0;  // 2^-2n
  bool operator==(const SignalStatistics&) const = default;
};
inline constexpr int kCurrentFractionBits = 31;  // A
inline constexpr int kVoltageFractionBits = 31;  // V
inline constexpr int kPowerFractionBits = 27;    // W
inline constexpr int kIntegralFractionBits = 31;

struct Statistics {
  std::uint32_t block_values = 0;        // 1 MSPS values, 1 to kBlockValuesMax
  std::uint64_t block_sample_id = 0;     // of the block's first value
  std::uint64_t integral_sample_id = 0;  // of the first value in the integrals
  SignalStatistics current;
  SignalStatistics voltage;
  SignalStatistics power;
  Int128 current_integral = 0;  // sum of the values since then, 2^-31 A
  Int128 power_integral = 0;    // 2^-31 W
  bool operator==(const Statistics&) const = default;
};
inline constexpr std::uint32_t kBlockValuesMax = 0xFF'FFFF;
inline constexpr std::size_t kStatisticsBytes = 192;

FrameBuffer encode(std::uint16_t frame_id, const Statistics& statistics);

}  // namespace drivers::js220
