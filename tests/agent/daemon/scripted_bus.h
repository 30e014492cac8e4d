// SPDX-License-Identifier: Apache-2.0
// A bus that a test plugs emulated instruments into. A port behaves as a real one does: it opens
// what is plugged in by that serial, and fails with kNoDevice from the moment it is pulled out.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "drivers/js220_device.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/loopback_port.h"
#include "drivers/usb/usb_bus.h"
#include "drivers/usb/usb_errc.h"

namespace agent {

// Outlives the daemon's bus, which is a view of it. Thread-safe.
class Sockets {
 public:
  using Found = drivers::UsbFound;

  // Slower than real time, so that a loaded machine does not lose frames.
  explicit Sockets(const proto::Clock& clock) : clock_(clock) {}

  void plug(Found found) {
    const std::lock_guard lock(mutex_);
    if (!devices_.contains(found.serial)) {
      Device& device = devices_[found.serial];
      device.source = std::move(*drivers::make_source({.load = "ble"}));
      device.emulated = std::make_unique<drivers::Js220Device>(
          *device.source, clock_, drivers::Js220DeviceOptions{.time_scale = 0.1});
    }
    found_.push_back(std::move(found));
    tell();
  }
  void pull(const std::string& serial) {
    const std::lock_guard lock(mutex_);
    std::erase_if(found_, [&](const Found& one) { return one.serial == serial; });
    tell();
  }
  void fail_scans(std::optional<proto::Error> error) {
    const std::lock_guard lock(mutex_);
    scan_error_ = std::move(error);
    tell();
  }

  // Of the bus.
  proto::Result<std::vector<Found>> scan() const {
    const std::lock_guard lock(mutex_);
    if (scan_error_) return tl::unexpected(*scan_error_);
    return found_;
  }
  bool wait_change(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    const bool changed = changed_.wait_for(lock, timeout, [&] { return changes_ != seen_; });
    seen_ = changes_;
    return changed;
  }
  // Of a port. Null: not plugged in.
  drivers::UsbDevice* device(const std::string& serial) {
    const std::lock_guard lock(mutex_);
    const bool is_there = std::any_of(found_.begin(), found_.end(), [&](const Found& one) {
      return one.serial == serial && !one.updater;
    });
    return is_there ? devices_.at(serial).emulated.get() : nullptr;
  }

 private:
  struct Device {
    std::unique_ptr<drivers::SampleSource> source;
    std::unique_ptr<drivers::Js220Device> emulated;
  };
  void tell() {
    ++changes_;
    changed_.notify_all();
  }

  const proto::Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::vector<Found> found_;
  std::map<std::string, Device> devices_;
  std::optional<proto::Error> scan_error_;
  int changes_ = 0;
  int seen_ = 0;
};

class ScriptedBusPort final : public drivers::UsbPort {
 public:
  ScriptedBusPort(Sockets& sockets, std::string serial, const proto::Clock& clock)
      : sockets_(sockets), serial_(std::move(serial)), clock_(clock) {}

  proto::Result<void> open() override {
    drivers::UsbDevice* const device = sockets_.device(serial_);
    if (device == nullptr) return gone();
    port_.emplace(*device, clock_);
    return port_->open();
  }
  proto::Result<std::size_t> control_in(const drivers::ControlSetup& setup,
                                        std::span<std::byte> data, int timeout_ms) override {
    if (!is_there()) return gone();
    return port_->control_in(setup, data, timeout_ms);
  }
  proto::Result<void> control_out(const drivers::ControlSetup& setup,
                                  std::span<const std::byte> data, int timeout_ms) override {
    if (!is_there()) return gone();
    return port_->control_out(setup, data, timeout_ms);
  }
  proto::Result<void> clear_halt(std::uint8_t endpoint) override {
    if (!is_there()) return gone();
    return port_->clear_halt(endpoint);
  }
  proto::Result<void> bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                               int timeout_ms) override {
    if (!is_there()) return gone();
    return port_->bulk_out(endpoint, data, timeout_ms);
  }
  proto::Result<void> start_bulk_in(std::uint8_t endpoint) override {
    if (!is_there()) return gone();
    return port_->start_bulk_in(endpoint);
  }
  proto::Result<drivers::Loan> wait_bulk_in(int timeout_ms) override {
    if (!is_there()) return gone();
    return port_->wait_bulk_in(timeout_ms);
  }
  void return_loan(const drivers::Loan& loan) override { port_->return_loan(loan); }
  void close() override {
    if (port_) port_->close();
  }
  void cancel() override {}  // no wait of the driver is longer than the worker's turn

 private:
  bool is_there() const { return port_ && sockets_.device(serial_) != nullptr; }
  static tl::unexpected<proto::Error> gone() {
    return proto::fail(drivers::UsbErrc::kNoDevice, "");
  }

  Sockets& sockets_;
  const std::string serial_;
  const proto::Clock& clock_;
  std::optional<drivers::LoopbackPort> port_;
};

class ScriptedBus final : public drivers::UsbBus {
 public:
  ScriptedBus(Sockets& sockets, const proto::Clock& clock) : sockets_(sockets), clock_(clock) {}

  proto::Result<std::vector<drivers::UsbFound>> scan() override { return sockets_.scan(); }
  std::unique_ptr<drivers::UsbPort> make_port(const proto::InstrumentId& id) override {
    return std::make_unique<ScriptedBusPort>(sockets_, id.serial, clock_);
  }
  bool wait_change(std::chrono::milliseconds timeout) override {
    return sockets_.wait_change(timeout);
  }

 private:
  Sockets& sockets_;
  const proto::Clock& clock_;
};

}  // namespace agent
