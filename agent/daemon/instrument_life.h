// SPDX-License-Identifier: Apache-2.0
// The life of one instrument: its state, why it is in it, and when to try again. Pure: time and
// chance are passed in, times are monotonic.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/daemon/instrument_state.h"
#include "agent/kafka/backoff.h"
#include "proto/result.h"

namespace agent {

class InstrumentLife {
 public:
  // After streaming this long a loss is news; before that it continues the trouble that was, so
  // that a device which comes and goes is tried less and less often.
  static constexpr std::int64_t kSteadyNs = 10'000'000'000;

  InstrumentLife(const BackoffOptions& delays, UnitRandom random);

  InstrumentState state() const { return state_; }
  const std::string& explanation() const { return explanation_; }  // empty: nothing to explain
  // In the state kReleased with a time. Monotonic.
  std::optional<std::int64_t> released_until_ns() const { return released_until_ns_; }
  // No samples come, neither released nor stopped, and the delay is over.
  bool should_open(std::int64_t now_ns) const;

  void on_try();
  // `uncalibrated` is why it is; empty: it is calibrated.
  void on_opened(std::int64_t now_ns, const std::string& uncalibrated = "");
  void on_open_failed(const proto::Error& error, std::int64_t now_ns);
  void on_lost(const proto::Error& error, std::int64_t now_ns);
  // Tries at once.
  void on_arrived();
  void release(std::optional<std::chrono::milliseconds> duration, std::int64_t now_ns);
  void claim();
  // Claims what was released for a time that is over.
  void on_time(std::int64_t now_ns);
  void stop();

 private:
  void take(InstrumentEvent event, std::string explanation);

  InstrumentState state_ = InstrumentState::kOpening;
  std::string explanation_;
  Backoff backoff_;
  std::int64_t next_try_ns_ = INT64_MIN;
  std::int64_t opened_ns_ = 0;
  std::optional<std::int64_t> released_until_ns_;
};

}  // namespace agent
