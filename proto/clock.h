// SPDX-License-Identifier: Apache-2.0
// Time is passed in: no library reads a clock of its own accord, so that tests run on a virtual
// one.
#pragma once

#include <cstdint>

namespace proto {

// Thread-safe. UTC is nanoseconds since 1970-01-01T00:00:00Z; it may step. Monotonic time never
// does.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t utc_ns() const = 0;
  virtual std::int64_t monotonic_ns() const = 0;
};

// CLOCK_REALTIME and CLOCK_MONOTONIC.
class SystemClock final : public Clock {
 public:
  std::int64_t utc_ns() const override;
  std::int64_t monotonic_ns() const override;
};

}  // namespace proto
