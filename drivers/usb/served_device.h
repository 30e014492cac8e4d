// SPDX-License-Identifier: Apache-2.0
// An emulated device as the servers know it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "drivers/usb/usb_device.h"
#include "proto/result.h"

namespace drivers {

struct ServedDevice {
  std::string serial;
  UsbDevice* device = nullptr;  // outlives the servers
  // Answers a command line (socket_command.h); may be empty.
  std::function<proto::Result<std::string>(std::string_view text, std::int64_t now_ns)> command{};
  // One host at a time, by whichever server. Shared by the servers of one loop and outlives them;
  // null: there is one server only.
  bool* claimed = nullptr;
};

// GET_STATUS of the device. False: it is not plugged in.
inline bool is_plugged_in(UsbDevice& device, std::int64_t now_ns) {
  constexpr ControlSetup kGetStatus{.request_type = 0x80, .request = 0, .length = 2};
  return device.control_in(kGetStatus, now_ns).has_value();
}

}  // namespace drivers
