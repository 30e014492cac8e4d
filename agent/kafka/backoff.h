// SPDX-License-Identifier: Apache-2.0
// Exponential backoff with full jitter: each delay is uniform in [0, ceiling], the ceiling grows by
// the multiplier up to max. So a fleet that lost its broker together does not come back together.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace agent {

struct BackoffOptions {
  std::chrono::milliseconds initial{100};
  double multiplier = 2.0;
  std::chrono::milliseconds max{30'000};
};

// Uniform in [0, 1).
using UnitRandom = std::function<double()>;
// Seeded from the kernel, so that a hundred cloned benches differ.
UnitRandom make_unit_random();

// Pure: time and chance are passed in.
class Backoff {
 public:
  Backoff(const BackoffOptions& options, UnitRandom random);

  // After a failure at `now_ns`: when to try again.
  std::int64_t fail(std::int64_t now_ns);
  void succeed();

  std::chrono::milliseconds ceiling() const;  // of the next delay
  std::uint32_t failures() const { return failures_; }
  // Zero when nothing is waited for.
  std::chrono::nanoseconds remaining(std::int64_t now_ns) const;

 private:
  BackoffOptions options_;
  UnitRandom random_;
  std::uint32_t failures_ = 0;
  std::int64_t until_ns_ = 0;
};

}  // namespace agent
