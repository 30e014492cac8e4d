// SPDX-License-Identifier: Apache-2.0
// What one instrument is doing, and what follows from an event. Pure; the diagram is in README.md.
#pragma once

#include <string_view>
#include <system_error>

namespace agent {

enum class InstrumentState {
  kOpening,       // the first try, or one after it was plugged in or claimed
  kStreaming,     // samples come
  kLost,          // it streamed, and is gone or silent
  kReopening,     // a try after a loss
  kAbsent,        // not plugged in
  kBusy,          // another program has it
  kDenied,        // its device node may not be opened
  kUpdater,       // it runs its updater and measures nothing
  kUncalibrated,  // samples come; its calibration cannot be used, so that they are words, no values
  kFailing,       // it is there, and opening it fails
  kReleased,      // given to other programs until it is claimed
  kStopped,       // the daemon ends
};

enum class InstrumentEvent {
  kTry,     // open() is about to be called
  kOpened,  // it succeeded
  kOpenedUncalibrated,
  kNoDevice,  // it failed, and so on
  kBusy,
  kDenied,
  kUpdater,
  kFailed,
  kLost,      // poll() failed
  kArrived,   // the bus has seen it come
  kReleased,  // a person asked for it
  kClaimed,   // a person asked for it back, or the time is over
  kStopped,
};

std::string_view to_string(InstrumentState state);

// A try that follows another one changes nothing until it has its answer, so that an instrument
// that is away is not reported as opening every few seconds.
InstrumentState next_state(InstrumentState state, InstrumentEvent event);

// Samples come: the driver is polled.
constexpr bool has_samples(InstrumentState state) {
  return state == InstrumentState::kStreaming || state == InstrumentState::kUncalibrated;
}

// What an error of open() is.
InstrumentEvent open_failure(const std::error_code& code);

}  // namespace agent
