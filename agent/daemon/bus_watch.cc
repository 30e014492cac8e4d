// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/bus_watch.h"

#include <utility>

namespace agent {

BusWatch::BusWatch(drivers::UsbBus& bus, std::function<void(BusScan)> on_scan)
    : bus_(bus), on_scan_(std::move(on_scan)) {}

BusWatch::~BusWatch() { stop(); }

void BusWatch::start() {
  thread_ = std::thread([this] { run(); });
}

void BusWatch::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

std::optional<std::uint64_t> BusWatch::heartbeat() const {
  if (!thread_.joinable()) return std::nullopt;
  return heartbeat_;
}

void BusWatch::run() {
  on_scan_(bus_.scan());
  while (!stop_) {
    ++heartbeat_;
    if (bus_.wait_change(kLook)) on_scan_(bus_.scan());
  }
}

}  // namespace agent
