// SPDX-License-Identifier: Apache-2.0
// A driver whose open() fails with what a test sets, or streams nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "drivers/instrument_driver.h"
#include "drivers/usb/usb_errc.h"

namespace agent {

// What a test sees and sets; from any thread.
class DriverScript {
 public:
  void fail_open(drivers::UsbErrc code, std::string context) {
    const std::lock_guard lock(mutex_);
    open_error_ = proto::Error{make_error_code(code), std::move(context)};
  }
  void let_open() {
    const std::lock_guard lock(mutex_);
    open_error_.reset();
  }
  std::optional<proto::Error> open_error() const {
    const std::lock_guard lock(mutex_);
    return open_error_;
  }
  std::atomic<int> opens{0};  // tried
  std::atomic<bool> is_open{false};
  std::atomic<bool> is_lost{false};  // poll() fails once

 private:
  mutable std::mutex mutex_;
  std::optional<proto::Error> open_error_;
};

class ScriptedDriver final : public drivers::InstrumentDriver {
 public:
  ScriptedDriver(proto::InstrumentId id, DriverScript& script)
      : id_(std::move(id)), script_(script) {}

  proto::Result<proto::DeviceInfo> open() override {
    ++script_.opens;
    if (auto error = script_.open_error()) return tl::unexpected(*error);
    script_.is_open = true;
    proto::DeviceInfo info;
    info.id = id_;
    info.firmware = "1.3.0";
    info.sample_id_rate_hz = 2e6;
    info.signals = {{"current", "A", 1e6, 2}, {"voltage", "V", 1e6, 2}};
    return info;
  }
  proto::Result<void> poll(int timeout_ms, drivers::DriverSink&) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(timeout_ms));
    if (script_.is_lost.exchange(false)) {
      return proto::fail(drivers::UsbErrc::kNoDevice, id_.to_string() + " is gone");
    }
    return {};
  }
  void flush(drivers::DriverSink&) override {}
  void close() override { script_.is_open = false; }
  void cancel() override {}

 private:
  const proto::InstrumentId id_;
  DriverScript& script_;
};

}  // namespace agent
