// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "proto/clock.h"

namespace agent {

class TestClock final : public proto::Clock {
 public:
  std::int64_t utc_ns() const override { return 1'790'000'000'000'000'000 + ns_; }
  std::int64_t monotonic_ns() const override { return 1'000'000'000 + ns_; }
  void advance(std::chrono::nanoseconds by) { ns_ += by.count(); }
  void advance_to(std::int64_t monotonic) {
    if (monotonic > monotonic_ns()) ns_ += monotonic - monotonic_ns();
  }

 private:
  std::int64_t ns_ = 0;
};

}  // namespace agent
