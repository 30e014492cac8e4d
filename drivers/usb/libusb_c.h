// SPDX-License-Identifier: Apache-2.0
// The one place that includes libusb. Only files of drivers/usb include it.
#pragma once

#include <libusb-1.0/libusb.h>

#include "drivers/usb/usb_errc.h"

namespace drivers {

// Of a LIBUSB_ERROR_*.
UsbErrc errc_from_libusb(int error);
// Of a LIBUSB_TRANSFER_*; not for LIBUSB_TRANSFER_COMPLETED.
UsbErrc errc_from_transfer(int status);

}  // namespace drivers
