// SPDX-License-Identifier: Apache-2.0
// Reads one instrument without a daemon and keeps all that went over its cable.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/config/settings.h"
#include "drivers/usb/usb_bus.h"
#include "proto/clock.h"
#include "proto/result.h"

namespace agent {

struct UsbRecording {
  std::uint64_t exchanges = 0;
  std::uint64_t raw_bytes = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t values = 0;  // of current
  std::uint64_t gaps = 0;
  std::string firmware;
  // What ended it before its time, such as the reason why the instrument could not be opened: then
  // the file shows how far it came.
  std::string trouble;
};

struct UsbRecordingSetup {
  const Settings& instrument;
  std::string file;  // must not exist
  std::chrono::milliseconds duration;
  const proto::Clock& clock;
  drivers::UsbBus& usb;
  const std::atomic<bool>& stop;
  std::function<void(const UsbRecording&)> on_progress;  // about four times a second
};

// An error: there is no file of use.
proto::Result<UsbRecording> record_usb(const UsbRecordingSetup& setup);

}  // namespace agent
