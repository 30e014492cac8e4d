// SPDX-License-Identifier: Apache-2.0
// The same warning or error at most once per 10 s, with a count of what was left out. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/log/log_line.h"

namespace agent {

// One thread. Remembers a bounded number of different events; the one that was quiet for longest
// is forgotten.
class RepeatLimiter {
 public:
  static constexpr std::int64_t kWindowNs = 10'000'000'000;
  static constexpr std::size_t kEventsMax = 256;

  // False: leave this one out. Events are the same when level, message and first field (the object)
  // are. Debug and info always pass. A `repeated` field is added when some were left out before.
  bool admit(LogEvent& event, std::int64_t monotonic_ns);
  // The last of each event that was left out and whose window is over, with its count.
  std::vector<LogEvent> overdue(std::int64_t monotonic_ns);

 private:
  struct Seen {
    std::int64_t window_start_ns = 0;
    std::uint64_t left_out = 0;
    LogEvent last;
  };
  void forget_oldest();
  std::unordered_map<std::string, Seen> seen_;
};

}  // namespace agent
