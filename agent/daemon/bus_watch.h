// SPDX-License-Identifier: Apache-2.0
// A thread that looks at the bus when something was plugged in or out, and hands over what it saw.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "drivers/usb/usb_bus.h"
#include "proto/result.h"

namespace agent {

using BusScan = proto::Result<std::vector<drivers::UsbFound>>;

class BusWatch {
 public:
  // A stop waits at most this long; a bus that nobody tells of changes is looked at this often.
  static constexpr std::chrono::milliseconds kLook{250};

  // `on_scan` is called from the watch's thread. The bus outlives the watch.
  BusWatch(drivers::UsbBus& bus, std::function<void(BusScan)> on_scan);
  ~BusWatch();  // stops
  BusWatch(const BusWatch&) = delete;
  BusWatch& operator=(const BusWatch&) = delete;

  void start();
  void request_stop() { stop_ = true; }
  void stop();
  // Grows while the thread goes on. Absent: it was not started.
  std::optional<std::uint64_t> heartbeat() const;

 private:
  void run();

  drivers::UsbBus& bus_;
  const std::function<void(BusScan)> on_scan_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> heartbeat_{0};
  std::thread thread_;
};

}  // namespace agent
