// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_time64.h"

#include <limits>

namespace drivers::js220 {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kEpochUnixSeconds = 1'514'764'800;
constexpr int kTickBits = 30;
constexpr std::int64_t kTicksPerSecond = std::int64_t{1} << kTickBits;

}  // namespace

std::int64_t time64_from_utc_ns(std::int64_t utc_ns) {
  std::int64_t seconds = utc_ns / kNsPerSecond;
  std::int64_t ns = utc_ns % kNsPerSecond;
  if (ns < 0) {
    --seconds;
    ns += kNsPerSecond;
  }
  return (seconds - kEpochUnixSeconds) * kTicksPerSecond + ns * kTicksPerSecond / kNsPerSecond;
}

std::optional<std::int64_t> utc_ns_from_time64(std::int64_t time64) {
  // An arithmetic shift rounds to the second below, so the fraction is never negative.
  const std::int64_t unix_seconds = (time64 >> kTickBits) + kEpochUnixSeconds;
  constexpr std::int64_t kSecondsMax = std::numeric_limits<std::int64_t>::max() / kNsPerSecond - 1;
  if (unix_seconds > kSecondsMax || unix_seconds < -kSecondsMax) return std::nullopt;
  const std::int64_t fraction = time64 & (kTicksPerSecond - 1);
  return unix_seconds * kNsPerSecond +
         ((fraction * kNsPerSecond + kTicksPerSecond / 2) >> kTickBits);
}

}  // namespace drivers::js220
