// SPDX-License-Identifier: Apache-2.0
// Time is passed in: no library reads a clock of its own accord, so that tests run on a virtual
// one.
#pragma once

#include <cstdint>

namespace proto {

// Thread-safe. UTC is nanoseconds since 1970-01-01T00:00:00Z; it may step. Monotonic time never
// does, and stands still while the host sleeps. Boot time goes on then.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t utc_ns() const = 0;
  virtual std::int64_t monotonic_ns() const = 0;
  // A host that never sleeps needs no third clock.
  virtual std::int64_t boottime_ns() const { return monotonic_ns(); }
};

// CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME.
class SystemClock final : public Clock {
 public:
  std::int64_t utc_ns() const override;
  std::int64_t monotonic_ns() const override;
  std::int64_t boottime_ns() const override;
};

}  // namespace proto
