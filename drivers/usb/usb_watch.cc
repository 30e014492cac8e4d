// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <system_error>

namespace drivers {
namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_DELETE | IN_ATTRIB | IN_MOVED_TO;

}  // namespace

UsbWatch::UsbWatch(std::filesystem::path nodes)
    : nodes_(std::move(nodes)), fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  watching_ = watch_all();
}

UsbWatch::~UsbWatch() {
  if (fd_ >= 0) ::close(fd_);
}

// The folder and one below it for each bus. To watch one again changes nothing.
bool UsbWatch::watch_all() {
  if (fd_ < 0 || ::inotify_add_watch(fd_, nodes_.c_str(), kEvents) < 0) return false;
  std::error_code ignored;
  for (std::filesystem::directory_iterator bus(nodes_, ignored), end; !ignored && bus != end;
       bus.increment(ignored)) {
    ::inotify_add_watch(fd_, bus->path().c_str(), kEvents | IN_ONLYDIR);
  }
  return true;
}

bool UsbWatch::wait(std::chrono::milliseconds timeout) {
  bool watching = false;
  {
    const std::lock_guard lock(mutex_);
    if (!watching_) watching_ = watch_all();
    watching = watching_;
  }
  pollfd waiting{.fd = watching ? fd_ : -1, .events = POLLIN, .revents = 0};
  ::poll(&waiting, 1, static_cast<int>(timeout.count()));
  return !watching || take_events();
}

bool UsbWatch::take_events() {
  const std::lock_guard lock(mutex_);
  alignas(inotify_event) std::array<char, 4096> bytes;
  bool any = false;
  while (::read(fd_, bytes.data(), bytes.size()) > 0) any = true;
  // A bus may be new, or the folder itself.
  if (any) watching_ = watch_all();
  return any;
}

}  // namespace drivers
