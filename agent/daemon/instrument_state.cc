// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/instrument_state.h"

#include <array>

#include "drivers/usb/usb_errc.h"

namespace agent {
namespace {

using enum InstrumentState;
using Event = InstrumentEvent;

constexpr std::array<std::string_view, 12> kNames = {
    "opening", "streaming", "lost",         "reopening", "absent",   "busy",
    "denied",  "updater",   "uncalibrated", "failing",   "released", "stopped"};

InstrumentState on_arrival(InstrumentState state) {
  switch (state) {
    case kStreaming:
    case kUncalibrated:
    case kOpening:
    case kReopening:
      return state;
    case kLost:
      return kReopening;
    default:
      return kOpening;
  }
}

}  // namespace

std::string_view to_string(InstrumentState state) {
  return kNames[static_cast<std::size_t>(state)];
}

InstrumentState next_state(InstrumentState state, InstrumentEvent event) {
  if (state == kStopped) return kStopped;
  if (event == Event::kStopped) return kStopped;
  if (event == Event::kReleased) return kReleased;
  if (event == Event::kClaimed) return state == kReleased ? kOpening : state;
  if (state == kReleased) return kReleased;
  switch (event) {
    case Event::kTry:
      return state == kLost ? kReopening : state;
    case Event::kOpened:
      return kStreaming;
    case Event::kOpenedUncalibrated:
      return kUncalibrated;
    case Event::kNoDevice:
      return kAbsent;
    case Event::kBusy:
      return kBusy;
    case Event::kDenied:
      return kDenied;
    case Event::kUpdater:
      return kUpdater;
    case Event::kFailed:
      return kFailing;
    case Event::kLost:
      return has_samples(state) ? kLost : state;
    case Event::kArrived:
      return on_arrival(state);
    default:
      return state;
  }
}

InstrumentEvent open_failure(const std::error_code& code) {
  if (code == drivers::UsbErrc::kNoDevice) return Event::kNoDevice;
  if (code == drivers::UsbErrc::kBusy) return Event::kBusy;
  if (code == drivers::UsbErrc::kAccess) return Event::kDenied;
  if (code == drivers::UsbErrc::kUpdater) return Event::kUpdater;
  return Event::kFailed;
}

}  // namespace agent
