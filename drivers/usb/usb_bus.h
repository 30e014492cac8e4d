// SPDX-License-Identifier: Apache-2.0
// The seam between the supervisor and a bus: what is plugged in, and a port to each of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "drivers/usb/usb_port.h"
#include "proto/instrument.h"
#include "proto/result.h"

namespace drivers {

// A device of a model that we know.
struct UsbFound {
  std::string model;        // as in proto::InstrumentId
  std::string serial;       // empty: it could not be read, `trouble` says why
  bool updater = false;     // it runs its updater and measures nothing
  std::string node;         // such as "/dev/bus/usb/001/004"
  std::error_code trouble;  // UsbErrc::kAccess: the node may not be opened
};

// All calls from any thread. The bus outlives its ports.
class UsbBus {
 public:
  virtual ~UsbBus() = default;
  virtual proto::Result<std::vector<UsbFound>> scan() = 0;
  // Nothing is opened yet. open() finds the device by its serial and touches no other one;
  // UsbErrc::kNoDevice, kBusy, kAccess (names the node) and kUpdater are what it fails with.
  virtual std::unique_ptr<UsbPort> make_port(const proto::InstrumentId& id) = 0;
  // True when something was plugged in or out since the last call, at the latest after `timeout`. A
  // bus that is not told of changes returns true at each timeout: scan() again.
  virtual bool wait_change(std::chrono::milliseconds timeout) = 0;
  // Grows at least every few seconds while the bus's own thread goes on. Absent: it has none now.
  virtual std::optional<std::uint64_t> heartbeat() const { return std::nullopt; }
};

}  // namespace drivers
