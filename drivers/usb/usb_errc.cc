// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_errc.h"

#include <string>

namespace drivers {
namespace {

class UsbCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "usb"; }
  std::string message(int code) const override {
    switch (static_cast<UsbErrc>(code)) {
      case UsbErrc::kNoDevice:
        return "no such device";
      case UsbErrc::kBusy:
        return "in use by another program";
      case UsbErrc::kAccess:
        return "permission denied";
      case UsbErrc::kTimeout:
        return "timed out";
      case UsbErrc::kStall:
        return "endpoint stalled";
      case UsbErrc::kIo:
        return "input/output error";
      case UsbErrc::kOverflow:
        return "more data than asked for";
      case UsbErrc::kCancelled:
        return "cancelled";
      case UsbErrc::kProtocol:
        return "protocol error";
      case UsbErrc::kUpdater:
        return "in updater mode";
      case UsbErrc::kNoMemory:
        return "the kernel lends no more memory to USB transfers: raise "
               "/sys/module/usbcore/parameters/usbfs_memory_mb";
    }
    return "unknown USB error";
  }
};

}  // namespace

const std::error_category& usb_category() {
  static const UsbCategory category;
  return category;
}

std::error_code make_error_code(UsbErrc code) { return {static_cast<int>(code), usb_category()}; }

}  // namespace drivers
