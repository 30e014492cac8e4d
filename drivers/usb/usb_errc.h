// SPDX-License-Identifier: Apache-2.0
// What a bus can answer.
#pragma once

#include <system_error>

namespace drivers {

enum class UsbErrc {
  kNoDevice = 1,  // unplugged, or the emulator is not there
  kBusy,          // claimed by another program
  kAccess,        // permission denied
  kTimeout,
  kStall,
  kIo,
  kOverflow,
  kCancelled,
  kProtocol,  // the device broke its own protocol
  kUpdater,   // it runs its updater, not its application
  kNoMemory,  // the kernel lends no more to transfers
};

const std::error_category& usb_category();
std::error_code make_error_code(UsbErrc code);

}  // namespace drivers

template <>
struct std::is_error_code_enum<drivers::UsbErrc> : std::true_type {};
