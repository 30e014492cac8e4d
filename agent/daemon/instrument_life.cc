// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/instrument_life.h"

#include <utility>

namespace agent {

using enum InstrumentState;

InstrumentLife::InstrumentLife(const BackoffOptions& delays, UnitRandom random)
    : backoff_(delays, std::move(random)) {}

bool InstrumentLife::should_open(std::int64_t now_ns) const {
  if (has_samples(state_) || state_ == kReleased || state_ == kStopped) return false;
  return now_ns >= next_try_ns_;
}

void InstrumentLife::take(InstrumentEvent event, std::string explanation) {
  state_ = next_state(state_, event);
  explanation_ = std::move(explanation);
}

// Why it was away is told until the answer has come.
void InstrumentLife::on_try() { take(InstrumentEvent::kTry, explanation_); }

void InstrumentLife::on_opened(std::int64_t now_ns, const std::string& uncalibrated) {
  take(uncalibrated.empty() ? InstrumentEvent::kOpened : InstrumentEvent::kOpenedUncalibrated,
       uncalibrated);
  opened_ns_ = now_ns;
}

void InstrumentLife::on_open_failed(const proto::Error& error, std::int64_t now_ns) {
  take(open_failure(error.code), error.message());
  next_try_ns_ = backoff_.fail(now_ns);
}

void InstrumentLife::on_lost(const proto::Error& error, std::int64_t now_ns) {
  take(InstrumentEvent::kLost, error.message());
  if (now_ns - opened_ns_ >= kSteadyNs) backoff_.succeed();
  next_try_ns_ = backoff_.fail(now_ns);
}

void InstrumentLife::on_arrived() {
  take(InstrumentEvent::kArrived, explanation_);
  if (has_samples(state_)) return;
  backoff_.succeed();
  next_try_ns_ = INT64_MIN;
}

void InstrumentLife::release(std::optional<std::chrono::milliseconds> duration,
                             std::int64_t now_ns) {
  take(InstrumentEvent::kReleased, "");
  released_until_ns_.reset();
  if (duration) released_until_ns_ = now_ns + std::chrono::nanoseconds(*duration).count();
}

void InstrumentLife::claim() {
  take(InstrumentEvent::kClaimed, "");
  released_until_ns_.reset();
  backoff_.succeed();
  next_try_ns_ = INT64_MIN;
}

void InstrumentLife::on_time(std::int64_t now_ns) {
  if (state_ == kReleased && released_until_ns_ && now_ns >= *released_until_ns_) claim();
}

void InstrumentLife::stop() { take(InstrumentEvent::kStopped, ""); }

}  // namespace agent
