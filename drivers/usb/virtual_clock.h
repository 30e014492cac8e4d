// SPDX-License-Identifier: Apache-2.0
// Time that goes on only when told to: hours of samples in seconds, the same way each time.
#pragma once

#include <atomic>
#include <cstdint>

#include "proto/clock.h"

namespace drivers {

// Thread-safe to read; one thread advances it.
class VirtualClock final : public proto::Clock {
 public:
  explicit VirtualClock(std::int64_t start_utc_ns, std::int64_t start_monotonic_ns = 0)
      : monotonic_ns_(start_monotonic_ns), utc_offset_ns_(start_utc_ns - start_monotonic_ns) {}

  std::int64_t utc_ns() const override { return monotonic_ns_ + utc_offset_ns_; }
  std::int64_t monotonic_ns() const override { return monotonic_ns_; }

  void advance(std::int64_t ns) { monotonic_ns_ += ns; }
  // Never back.
  void advance_to(std::int64_t monotonic_ns) {
    if (monotonic_ns > monotonic_ns_) monotonic_ns_ = monotonic_ns;
  }
  // What a person or NTP does to the host's clock.
  void step_utc(std::int64_t ns) { utc_offset_ns_ += ns; }

 private:
  std::atomic<std::int64_t> monotonic_ns_;
  std::atomic<std::int64_t> utc_offset_ns_;
};

}  // namespace drivers
