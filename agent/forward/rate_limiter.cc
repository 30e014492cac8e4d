// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/rate_limiter.h"

#include <algorithm>

namespace agent {
namespace {

// More than a transaction's usual interval, else what is earned in it is lost.
constexpr double kBurstS = 1.0;
constexpr double kNsPerS = 1e9;

}  // namespace

void RateLimiter::refill(std::int64_t now_ns) {
  const double rate = static_cast<double>(bytes_per_s_);
  if (!began_) {
    began_ = true;
    tokens_bytes_ = rate * kBurstS;
  } else {
    const double grown = rate * static_cast<double>(now_ns - filled_ns_) / kNsPerS;
    tokens_bytes_ = std::min(rate * kBurstS, tokens_bytes_ + grown);
  }
  filled_ns_ = now_ns;
}

bool RateLimiter::ready(std::int64_t now_ns) {
  if (bytes_per_s_ == 0) return true;
  refill(now_ns);
  return tokens_bytes_ > 0;
}

void RateLimiter::spend(std::uint64_t bytes) {
  if (bytes_per_s_ > 0) tokens_bytes_ -= static_cast<double>(bytes);
}

std::int64_t RateLimiter::ready_at(std::int64_t now_ns) {
  if (ready(now_ns)) return now_ns;
  const double owed_s = -tokens_bytes_ / static_cast<double>(bytes_per_s_);
  return now_ns + static_cast<std::int64_t>(owed_s * kNsPerS) + 1;
}

}  // namespace agent
