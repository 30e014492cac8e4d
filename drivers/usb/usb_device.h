// SPDX-License-Identifier: Apache-2.0
// The other side of UsbPort: what an emulated instrument implements. Time is passed in, so that a
// device runs at the pace of whoever serves it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "drivers/usb/usb_descriptors.h"
#include "drivers/usb/usb_port.h"
#include "proto/result.h"

namespace drivers {

// One thread. `now_ns` is monotonic and does not decrease.
class UsbDevice {
 public:
  virtual ~UsbDevice() = default;
  // What a host reads before it opens the device. Of a device that is gone: of its last life.
  virtual UsbDescriptors descriptors() const = 0;
  // Data stage of a control IN request; UsbErrc::kStall when it is not supported.
  virtual proto::Result<std::vector<std::byte>> control_in(const ControlSetup& setup,
                                                           std::int64_t now_ns) = 0;
  // A control OUT request: vendor requests, and of the standard ones CLEAR_FEATURE(ENDPOINT_HALT).
  virtual proto::Result<void> control_out(const ControlSetup& setup,
                                          std::span<const std::byte> data, std::int64_t now_ns) = 0;
  virtual proto::Result<void> bulk_out(std::span<const std::byte> data, std::int64_t now_ns) = 0;
  // Fills one bulk IN transfer with what is due by `now_ns`; 0: nothing is. Errors complete the
  // transfer with that status.
  virtual proto::Result<std::size_t> bulk_in(std::span<std::byte> transfer,
                                             std::int64_t now_ns) = 0;
  // The host took back every transfer that it had armed: what an instrument had put into one that
  // was not full yet is lost with it.
  virtual void transfers_withdrawn(std::int64_t /*now_ns*/) {}
  // When bulk_in() will next have something without a further request; absent: not by itself.
  virtual std::optional<std::int64_t> next_due_ns(std::int64_t now_ns) const = 0;
  // How long the host waits for the answer to this control request, which is then made; and for a
  // transfer or request that it takes back, which is there until then. Over USB/IP; of a
  // LoopbackPort the requests; elsewhere neither takes any time.
  virtual std::int64_t control_delay_ns(const ControlSetup& /*setup*/, std::int64_t /*now_ns*/) {
    return 0;
  }
  virtual std::int64_t withdraw_delay_ns(std::int64_t /*now_ns*/) const { return 0; }
};

}  // namespace drivers
