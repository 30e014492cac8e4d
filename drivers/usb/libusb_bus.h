// SPDX-License-Identifier: Apache-2.0
// The instruments on this host's USB, by libusb-1.0. Devices are found in sysfs and watched by
// their nodes, so neither needs udev and no device is opened but the one that is asked for.
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "drivers/usb/usb_bus.h"
#include "drivers/usb/usb_sysfs.h"
#include "drivers/usb/usb_watch.h"
#include "proto/clock.h"

namespace drivers {

class LibusbContext;
class LibusbSession;

class LibusbBus final : public UsbBus {
 public:
  // The clock outlives the bus. Nothing is started before the first port is opened.
  explicit LibusbBus(const proto::Clock& clock, UsbSysfs sysfs = UsbSysfs());
  ~LibusbBus() override;
  LibusbBus(const LibusbBus&) = delete;
  LibusbBus& operator=(const LibusbBus&) = delete;

  proto::Result<std::vector<UsbFound>> scan() override;
  std::unique_ptr<UsbPort> make_port(const proto::InstrumentId& id) override;
  bool wait_change(std::chrono::milliseconds timeout) override { return watch_.wait(timeout); }
  std::optional<std::uint64_t> heartbeat() const override;

  // For ports.
  proto::Result<std::unique_ptr<LibusbSession>> open(const proto::InstrumentId& id);
  // Ends a session in a thread of its own and waits for that a little. One that a bus keeps for
  // ever holds its device, and nobody's thread.
  void retire(std::unique_ptr<LibusbSession> session);

 private:
  struct Retired;
  proto::Result<LibusbContext*> context();
  void forget_ended();

  const proto::Clock& clock_;
  const UsbSysfs sysfs_;
  UsbWatch watch_;
  mutable std::mutex mutex_;
  std::unique_ptr<LibusbContext> context_;       // guarded by mutex_
  std::list<std::unique_ptr<Retired>> retired_;  // guarded by mutex_
};

}  // namespace drivers
