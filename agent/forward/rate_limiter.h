// SPDX-License-Identifier: Apache-2.0
// forward.rate_max: a token bucket of one second. A row larger than what is there is sent and owed,
// so that any rate moves any row.
#pragma once

#include <cstdint>

namespace agent {

// Pure: time is passed in.
class RateLimiter {
 public:
  explicit RateLimiter(std::uint64_t bytes_per_s) : bytes_per_s_(bytes_per_s) {}  // 0: no cap

  bool ready(std::int64_t now_ns);
  void spend(std::uint64_t bytes);
  // When ready() turns true; `now_ns` when it is.
  std::int64_t ready_at(std::int64_t now_ns);

 private:
  void refill(std::int64_t now_ns);

  const std::uint64_t bytes_per_s_;
  double tokens_bytes_ = 0;
  std::int64_t filled_ns_ = 0;
  bool began_ = false;
};

}  // namespace agent
