// SPDX-License-Identifier: Apache-2.0
#include "drivers/js110_samples.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace drivers::js110 {
namespace {

constexpr std::uint32_t kRangeBits = 0x0001'0003;
constexpr std::uint32_t kToggleBit = 0x0002'0000;
using Words = std::array<std::uint32_t, kPacketWords>;

constexpr std::uint32_t range_of(std::uint32_t word) { return (word & 3) | (word >> 14 & 4); }
constexpr std::uint32_t current_raw(std::uint32_t word) { return word >> 2 & kRawMax; }

// Both loops are written for the vectoriser: one scale, no branch.
void convert_current(const Words& words, const Scale& scale, float* out) {
  for (std::size_t k = 0; k < kPacketWords; ++k) out[k] = scale.apply(current_raw(words[k]));
}
void convert_voltage(const Words& words, const Scale& scale, float* out) {
  for (std::size_t k = 0; k < kPacketWords; ++k) out[k] = scale.apply(words[k] >> 18);
}

void mark_missing(const Words& words, Samples& out) {
  for (std::size_t k = 0; k < kPacketWords; ++k) {
    if (words[k] != kMissingWord) continue;
    out.current[k] = out.voltage[k] = std::numeric_limits<float>::quiet_NaN();
    out.range[k] = kRangeMissing;
  }
}

// Next to a missing word nothing is known.
std::uint32_t wrong_toggles(const Words& words) {
  std::uint32_t wrong = 0;
  for (std::size_t k = 1; k < kPacketWords; ++k) {
    if (words[k] == kMissingWord || words[k - 1] == kMissingWord) continue;
    wrong += ((words[k] ^ words[k - 1]) & kToggleBit) == 0 ? 1 : 0;
  }
  return wrong;
}

}  // namespace

void convert(std::span<const std::byte, kPacketWords * sizeof(std::uint32_t)> words,
             const Calibration& calibration, std::uint8_t voltage_range, Samples& out) {
  static_assert(std::endian::native == std::endian::little);
  Words in;
  std::memcpy(in.data(), words.data(), words.size());
  std::uint32_t ranges_differ = 0;
  std::uint32_t toggles_rest = 0;  // the bit of each that does not alternate
  std::uint32_t missing = 0;
  for (std::size_t k = 0; k < kPacketWords; ++k) {
    ranges_differ |= (in[k] ^ in[0]) & kRangeBits;
    missing |= in[k] == kMissingWord ? 1 : 0;
  }
  for (std::size_t k = 1; k < kPacketWords; ++k) toggles_rest |= ~(in[k] ^ in[k - 1]) & kToggleBit;
  out.one_range = ranges_differ == 0;
  out.has_missing = missing != 0;
  out.toggles_wrong = toggles_rest == 0 && missing == 0 ? 0 : wrong_toggles(in);
  convert_voltage(in, calibration.voltage[voltage_range % kVoltageRanges], out.voltage.data());
  if (out.one_range) {
    const std::uint32_t range = range_of(in[0]);
    out.range.fill(static_cast<std::uint8_t>(range));
    convert_current(in, calibration.current[range], out.current.data());
  } else {
    for (std::size_t k = 0; k < kPacketWords; ++k) {
      const std::uint32_t range = range_of(in[k]);
      out.range[k] = static_cast<std::uint8_t>(range);
      out.current[k] = calibration.current[range].apply(current_raw(in[k]));
    }
  }
  if (!out.has_missing) return;
  mark_missing(in, out);
  // A packet of missing words only is of one range too: kRangeMissing throughout.
  out.one_range = out.one_range && std::ranges::count(out.range, out.range[0]) == kPacketWords;
}

}  // namespace drivers::js110
