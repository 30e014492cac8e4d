// SPDX-License-Identifier: Apache-2.0
// What an emulated JS220 measures. Each sample (current, voltage, range code, general-purpose
// inputs) is a pure function of the source's options and its SampleId: no state, any order, any
// partition, so that the truth of an id range can be computed later and elsewhere (truth.h).
#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace drivers {

// A value is one sample of current and voltage at 1 MSPS: value n has the SampleIds 2n and 2n + 1.
inline constexpr std::uint32_t kIdsPerValue = 2;
// Range and inputs are decided per cell: half a frame of a float signal, 126 ids, 63 us.
inline constexpr std::uint32_t kCellValues = 63;
inline constexpr std::uint32_t kCellIds = kCellValues * kIdsPerValue;
// A chunk is what is computed at once: 16 float frames, 4 frames of range codes, 1 of an input.
inline constexpr std::uint32_t kChunkCells = 32;
inline constexpr std::uint32_t kChunkValues = kChunkCells * kCellValues;
inline constexpr std::uint32_t kChunkIds = kChunkValues * kIdsPerValue;

struct Chunk {
  std::array<float, kChunkValues> current;       // A
  std::array<float, kChunkValues> voltage;       // V
  std::array<std::uint8_t, kChunkCells> range;   // 0: 10 A ... 5: 18 uA
  std::array<std::uint8_t, kChunkCells> inputs;  // bits 0-3: GPI 0-3, bit 7: trigger input
};

// The ranges that automatic ranging may choose from; equal: that range is fixed.
struct RangeLimits {
  std::uint8_t first = 0;
  std::uint8_t last = 5;
  bool operator==(const RangeLimits&) const = default;
};

class SampleSource {
 public:
  virtual ~SampleSource() = default;
  // Values [index * kChunkValues, (index + 1) * kChunkValues).
  virtual void fill(std::uint64_t index, RangeLimits limits, Chunk& chunk) const = 0;
};

// Random values of every size that float32 has within the instrument's range: subnormal, both
// zeros, full scale, both signs. No load looks like this; sums that survive it are exact.
std::unique_ptr<SampleSource> make_edge_source(std::uint64_t seed);

}  // namespace drivers
