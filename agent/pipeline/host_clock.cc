// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/host_clock.h"

#include <cstdlib>

namespace agent {

HostClock::HostClock(const proto::Clock& clock) : clock_(clock), asleep_ns_(asleep_ns()) { mark(); }

void HostClock::mark() { marked_offset_ns_ = offset_ns(); }

std::int64_t HostClock::step_ns() const {
  const std::int64_t step_ns = offset_ns() - marked_offset_ns_;
  return std::llabs(step_ns) > kStepMinNs ? step_ns : 0;
}

void HostClock::observe() {
  const std::int64_t asleep_ns = this->asleep_ns();
  if (asleep_ns - asleep_ns_ >= kSleepMinNs) {
    slept_ = true;
    woke_ns_ = clock_.monotonic_ns();
  }
  asleep_ns_ = asleep_ns;
}

bool HostClock::take_sleep() {
  observe();
  const bool is_blamed = slept_ && clock_.monotonic_ns() - woke_ns_ <= kSleepBlameNs;
  slept_ = false;
  return is_blamed;
}

}  // namespace agent
