// SPDX-License-Identifier: Apache-2.0
// The instruments of the process: those of the configuration, and those that were discovered since.
// It only grows, so a part that was seen stays where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/daemon/instrument_worker.h"

namespace agent {

// One instrument and what the status says of its settings.
struct InstrumentPart {
  double telemetry_rate_hz = 0;
  std::string waveform_rate;
  std::uint64_t ring_bytes = 0;
  bool discovered = false;  // no [[instrument]] names it
  std::unique_ptr<InstrumentWorker> worker;
};

// Thread-safe.
class InstrumentSet {
 public:
  const InstrumentPart& add(InstrumentPart part) {
    const std::lock_guard lock(mutex_);
    return parts_.emplace_back(std::move(part));
  }
  // In the order in which they were added. The parts live as long as the set.
  std::vector<const InstrumentPart*> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<const InstrumentPart*> parts;
    for (const InstrumentPart& part : parts_) parts.push_back(&part);
    return parts;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<InstrumentPart> parts_;  // guarded by mutex_; references stay valid as it grows
};

}  // namespace agent
