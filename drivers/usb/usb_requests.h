// SPDX-License-Identifier: Apache-2.0
// The default control pipe of an emulated device: the standard requests are answered from its
// descriptors (USB 2.0 chapter 9), vendor requests go to the device. One host, one life: a device
// that is plugged in again begins anew.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "drivers/usb/usb_device.h"

namespace drivers {

class UsbRequests {
 public:
  // The device outlives it.
  explicit UsbRequests(UsbDevice& device);

  // The data stage of an IN request, at most setup.length bytes; empty for an OUT request.
  // UsbErrc::kStall: not known, or not as it should be. What the device fails with passes through.
  proto::Result<std::vector<std::byte>> answer(const ControlSetup& setup,
                                               std::span<const std::byte> data,
                                               std::int64_t now_ns);

  // A halted endpoint answers each transfer with a stall until the host clears it.
  void halt(std::uint8_t endpoint) { halted_.insert(endpoint); }
  bool is_halted(std::uint8_t endpoint) const { return halted_.contains(endpoint); }
  bool has_endpoint(std::uint8_t endpoint) const;
  std::uint8_t configuration() const { return configuration_; }

 private:
  proto::Result<std::vector<std::byte>> answer_standard(const ControlSetup& setup,
                                                        std::int64_t now_ns);
  proto::Result<std::vector<std::byte>> descriptor(const ControlSetup& setup) const;
  proto::Result<std::vector<std::byte>> status(const ControlSetup& setup) const;
  proto::Result<std::vector<std::byte>> set_halt(const ControlSetup& setup, std::int64_t now_ns);

  UsbDevice& device_;
  const UsbDescriptors descriptors_;
  std::uint8_t configuration_ = 0;
  std::set<std::uint8_t> halted_;
};

}  // namespace drivers
