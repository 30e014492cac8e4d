// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/backoff.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace agent {

UnitRandom make_unit_random() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device()};
  return [engine = std::mt19937_64(seed)]() mutable {
    return std::generate_canonical<double, 53>(engine);
  };
}

Backoff::Backoff(const BackoffOptions& options, UnitRandom random)
    : options_(options), random_(std::move(random)) {}

std::chrono::milliseconds Backoff::ceiling() const {
  const double max_ms = static_cast<double>(options_.max.count());
  const double grown_ms = static_cast<double>(options_.initial.count()) *
                          std::pow(std::max(1.0, options_.multiplier), failures_);
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(max_ms, grown_ms)));
}

std::int64_t Backoff::fail(std::int64_t now_ns) {
  const double ceiling_ns = std::chrono::duration<double, std::nano>(ceiling()).count();
  until_ns_ = now_ns + static_cast<std::int64_t>(random_() * ceiling_ns);
  ++failures_;
  return until_ns_;
}

void Backoff::succeed() {
  failures_ = 0;
  until_ns_ = 0;
}

std::chrono::nanoseconds Backoff::remaining(std::int64_t now_ns) const {
  return std::chrono::nanoseconds(std::max<std::int64_t>(0, until_ns_ - now_ns));
}

}  // namespace agent
