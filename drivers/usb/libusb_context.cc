// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/libusb_context.h"

#include <sys/time.h>

#include <string>

#include "drivers/usb/libusb_c.h"

namespace drivers {

proto::Result<std::unique_ptr<LibusbContext>> LibusbContext::make() {
  // Its own discovery would read every device of the host and, without udevd, see none that comes
  // later [measured].
  libusb_set_option(nullptr, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
  libusb_context* context = nullptr;
  if (const int error = libusb_init(&context); error != 0) {
    return proto::fail(errc_from_libusb(error), "start libusb");
  }
  return std::unique_ptr<LibusbContext>(new LibusbContext(context));
}

LibusbContext::LibusbContext(libusb_context* context)
    : context_(context), thread_([this] { handle_events(); }) {}

LibusbContext::~LibusbContext() {
  stop_ = true;
  libusb_interrupt_event_handler(context_);
  thread_.join();
  libusb_exit(context_);
}

void LibusbContext::handle_events() {
  while (!stop_) {
    timeval patience{.tv_sec = 1, .tv_usec = 0};
    libusb_handle_events_timeout_completed(context_, &patience, nullptr);
    ++heartbeat_;
  }
}

}  // namespace drivers
