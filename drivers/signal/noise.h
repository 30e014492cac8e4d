// SPDX-License-Identifier: Apache-2.0
// Counter-based randomness: every draw is a pure function of a key and an index, so that a sample
// can be computed again at any time, alone. The mixer is SplitMix64's (a bijection of 64 bits).
#pragma once

#include <cstdint>

namespace drivers {

constexpr std::uint64_t mix64(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58'476D'1CE4'E5B9;
  x ^= x >> 27;
  x *= 0x94D0'49BB'1331'11EB;
  return x ^ (x >> 31);
}

// One draw of 64 bits.
constexpr std::uint64_t draw(std::uint64_t key, std::uint64_t index) {
  return mix64(key + (index + 1) * 0x9E37'79B9'7F4A'7C15);
}

// An own key for each use of one seed.
constexpr std::uint64_t derive_key(std::uint64_t seed, std::uint64_t use) {
  return mix64(draw(seed, use) ^ 0xD1B5'4A32'D192'ED03);
}

// Uniform in [0, 1).
constexpr double uniform(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

// About normal: the sum of the four 16-bit lanes of a draw, less its mean. Ends at 3.46 sigma,
// excess kurtosis -0.3; 1.4 ns where Box-Muller takes 20.
constexpr std::int32_t normal_raw(std::uint64_t bits) {
  constexpr std::uint64_t kEvenLanes = 0x0000'FFFF'0000'FFFF;
  const std::uint64_t pairs = (bits & kEvenLanes) + ((bits >> 16) & kEvenLanes);
  return static_cast<std::int32_t>((pairs & 0xFFFF'FFFF) + (pairs >> 32)) - 131'070;
}
// Standard deviation of normal_raw().
inline constexpr double kNormalRawSigma = 37'837.22;

}  // namespace drivers
