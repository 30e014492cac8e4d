// SPDX-License-Identifier: Apache-2.0
// What became of the host's time: whether its clock was ever set, whether somebody stepped it,
// whether the host slept. Told from the clocks' differences: only a step moves UTC against boot
// time, only sleep moves boot time against monotonic time. Pure but for reading the clock given.
#pragma once

#include <cstdint>

#include "proto/clock.h"

namespace agent {

class HostClock {
 public:
  // Less is slew, or the reading of two clocks apart.
  static constexpr std::int64_t kStepMinNs = 1'000'000'000;
  static constexpr std::int64_t kSleepMinNs = 1'000'000'000;
  // Awake time after a sleep in which a loss is counted as the sleep's: a device that was asleep
  // too is found silent after 2 s and may reset itself for some more.
  static constexpr std::int64_t kSleepBlameNs = 10'000'000'000;
  // 2024-01-01: this program is younger, so a clock that reads less was never set.
  static constexpr std::int64_t kSetMinUtcNs = 1'704'067'200'000'000'000;

  // The clock outlives it.
  explicit HostClock(const proto::Clock& clock);

  // Steps are counted from here on.
  void mark();
  // How far UTC was stepped since mark(); 0: not, or by less than kStepMinNs.
  std::int64_t step_ns() const;

  // Some times a second: whether the host slept since the last call.
  void observe();
  // Whether a loss that is found now is that of a sleep. A sleep is blamed for one loss.
  bool take_sleep();

  static bool is_set(std::int64_t utc_ns) { return utc_ns >= kSetMinUtcNs; }

 private:
  std::int64_t asleep_ns() const { return clock_.boottime_ns() - clock_.monotonic_ns(); }
  std::int64_t offset_ns() const { return clock_.utc_ns() - clock_.boottime_ns(); }

  const proto::Clock& clock_;
  std::int64_t marked_offset_ns_ = 0;
  std::int64_t asleep_ns_ = 0;
  bool slept_ = false;
  std::int64_t woke_ns_ = 0;  // monotonic
};

}  // namespace agent
