// SPDX-License-Identifier: Apache-2.0
// The closed list of event types (wire.md 4). A word that is not in it does not compile.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace proto {

inline constexpr std::array<std::string_view, 19> kEventTypes = {
    "test_started",     "test_stopped", "step_changed",   "cycle_changed",  "label_changed",
    "marker",           "gap",          "spool_overflow", "spool_salvaged", "batch_quarantined",
    "device_connected", "device_lost",  "overload",       "threshold_on",   "threshold_off",
    "anomaly",          "clock_step",   "agent_started",  "agent_stopped"};

class EventType {
 public:
  constexpr EventType() = default;  // none yet
  // Implicit, so that `event.event_type = "gap"` reads as it does and is checked by the compiler.
  consteval EventType(const char* word) : word_(word) {
    if (std::ranges::find(kEventTypes, word_) == kEventTypes.end()) {
      throw "not in kEventTypes: add it there, in event.schema.json and in wire.md 4";
    }
  }
  constexpr std::string_view word() const { return word_; }

 private:
  std::string_view word_;
};

}  // namespace proto
