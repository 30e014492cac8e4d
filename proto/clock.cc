// SPDX-License-Identifier: Apache-2.0
#include "proto/clock.h"

#include <ctime>

namespace proto {
namespace {

std::int64_t read_ns(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t SystemClock::utc_ns() const { return read_ns(CLOCK_REALTIME); }
std::int64_t SystemClock::monotonic_ns() const { return read_ns(CLOCK_MONOTONIC); }
std::int64_t SystemClock::boottime_ns() const { return read_ns(CLOCK_BOOTTIME); }

}  // namespace proto
