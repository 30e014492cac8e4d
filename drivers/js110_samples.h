// SPDX-License-Identifier: Apache-2.0
// The 126 sample words of a JS110's packet -> current, voltage, range codes, inputs. Pure. From the
// protocol sheet of the JS110, sections 7.3 and 9. The driver's hot path.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "drivers/js110_calibration.h"
#include "drivers/js110_wire.h"

namespace drivers::js110 {

// Of one packet. A missing word is NaN in both columns and kRangeMissing. Nothing is filtered: the
// samples around a change of range are as the instrument sent them.
struct Samples {
  std::array<float, kPacketWords> current;  // A; exactly 0 while the range is off
  std::array<float, kPacketWords> voltage;  // V
  std::array<std::uint8_t, kPacketWords> range;
  bool one_range = false;           // all of `range` are equal
  bool has_missing = false;         // a word is kMissingWord
  std::uint32_t toggles_wrong = 0;  // words whose toggle is that of the word before
};

// `words` are the little-endian words after the packet's header.
void convert(std::span<const std::byte, kPacketWords * sizeof(std::uint32_t)> words,
             const Calibration& calibration, std::uint8_t voltage_range, Samples& out);

// An input that was mapped onto the lowest bit of the current or of the voltage.
constexpr bool current_lsb(std::uint32_t word) { return (word >> 2 & 1) != 0; }
constexpr bool voltage_lsb(std::uint32_t word) { return (word >> 18 & 1) != 0; }

}  // namespace drivers::js110
