// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/libusb_c.h"

namespace drivers {

UsbErrc errc_from_libusb(int error) {
  switch (error) {
    case LIBUSB_ERROR_NO_DEVICE:
      return UsbErrc::kNoDevice;
    case LIBUSB_ERROR_BUSY:
      return UsbErrc::kBusy;
    case LIBUSB_ERROR_ACCESS:
      return UsbErrc::kAccess;
    case LIBUSB_ERROR_TIMEOUT:
      return UsbErrc::kTimeout;
    case LIBUSB_ERROR_PIPE:
      return UsbErrc::kStall;
    case LIBUSB_ERROR_OVERFLOW:
      return UsbErrc::kOverflow;
    case LIBUSB_ERROR_NO_MEM:
      return UsbErrc::kNoMemory;
    default:
      return UsbErrc::kIo;
  }
}

UsbErrc errc_from_transfer(int status) {
  switch (status) {
    case LIBUSB_TRANSFER_NO_DEVICE:
      return UsbErrc::kNoDevice;
    case LIBUSB_TRANSFER_TIMED_OUT:
      return UsbErrc::kTimeout;
    case LIBUSB_TRANSFER_STALL:
      return UsbErrc::kStall;
    case LIBUSB_TRANSFER_OVERFLOW:
      return UsbErrc::kOverflow;
    case LIBUSB_TRANSFER_CANCELLED:
      return UsbErrc::kCancelled;
    default:
      return UsbErrc::kIo;
  }
}

}  // namespace drivers
