// SPDX-License-Identifier: Apache-2.0
#include "agent/log/repeat_limiter.h"

#include <algorithm>
#include <utility>

namespace agent {
namespace {

std::string identity(const LogEvent& event) {
  std::string text(to_string(event.level));
  text += '\n' + event.message;
  if (!event.fields.empty()) text += '\n' + event.fields.front().value;
  return text;
}

void add_count(LogEvent& event, std::uint64_t left_out) {
  if (left_out > 0) event.fields.push_back({"repeated", std::to_string(left_out)});
}

}  // namespace

bool RepeatLimiter::admit(LogEvent& event, std::int64_t monotonic_ns) {
  if (event.level < LogLevel::kWarning) return true;
  const std::string id = identity(event);
  const auto at = seen_.find(id);
  if (at == seen_.end()) {
    if (seen_.size() >= kEventsMax) forget_oldest();
    seen_.emplace(id, Seen{monotonic_ns, 0, {}});
    return true;
  }
  Seen& seen = at->second;
  if (monotonic_ns - seen.window_start_ns < kWindowNs) {
    ++seen.left_out;
    seen.last = event;
    return false;
  }
  add_count(event, std::exchange(seen.left_out, 0));
  seen.window_start_ns = monotonic_ns;
  return true;
}

std::vector<LogEvent> RepeatLimiter::overdue(std::int64_t monotonic_ns) {
  std::vector<LogEvent> events;
  for (auto& [id, seen] : seen_) {
    if (seen.left_out == 0 || monotonic_ns - seen.window_start_ns < kWindowNs) continue;
    LogEvent event = std::move(seen.last);
    add_count(event, std::exchange(seen.left_out, 0));
    seen.window_start_ns = monotonic_ns;
    events.push_back(std::move(event));
  }
  return events;
}

void RepeatLimiter::forget_oldest() {
  seen_.erase(std::min_element(seen_.begin(), seen_.end(), [](const auto& a, const auto& b) {
    return a.second.window_start_ns < b.second.window_start_ns;
  }));
}

}  // namespace agent
