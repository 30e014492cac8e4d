// SPDX-License-Identifier: Apache-2.0
// Tells when a device node comes, goes or changes its permissions. It watches the folder of the
// nodes, which the kernel keeps: with udev and without.
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>

namespace drivers {

// Any thread.
class UsbWatch {
 public:
  explicit UsbWatch(std::filesystem::path nodes);
  ~UsbWatch();
  UsbWatch(const UsbWatch&) = delete;
  UsbWatch& operator=(const UsbWatch&) = delete;

  // True when something has changed since the last call, at the latest after `timeout`. Always true
  // at the timeout when there is nothing that could be watched.
  bool wait(std::chrono::milliseconds timeout);

 private:
  bool watch_all();
  bool take_events();

  const std::filesystem::path nodes_;
  const int fd_;
  std::mutex mutex_;
  bool watching_ = false;  // guarded by mutex_
};

}  // namespace drivers
