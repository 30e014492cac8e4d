// SPDX-License-Identifier: Apache-2.0
// time64: the instrument's UTC, 2^30 ticks per second since 2018-01-01T00:00:00Z. Pure.
#pragma once

#include <cstdint>
#include <optional>

namespace drivers::js220 {

// Truncated to a tick (0.93 ns). Every UTC in nanoseconds has a time64.
std::int64_t time64_from_utc_ns(std::int64_t utc_ns);
// Rounded to the nanosecond; absent outside the years 1677 to 2262.
std::optional<std::int64_t> utc_ns_from_time64(std::int64_t time64);

}  // namespace drivers::js220
