// SPDX-License-Identifier: Apache-2.0
// A UsbPort on real hardware. See libusb_session.h for what it keeps in flight.
#pragma once

#include <memory>
#include <mutex>

#include "drivers/usb/libusb_session.h"
#include "drivers/usb/usb_port.h"
#include "proto/instrument.h"

namespace drivers {

class LibusbBus;

class LibusbPort final : public UsbPort {
 public:
  // The bus outlives the port.
  LibusbPort(LibusbBus& bus, proto::InstrumentId id);
  ~LibusbPort() override;
  LibusbPort(const LibusbPort&) = delete;
  LibusbPort& operator=(const LibusbPort&) = delete;

  proto::Result<void> open() override;
  proto::Result<std::size_t> control_in(const ControlSetup& setup, std::span<std::byte> data,
                                        int timeout_ms) override;
  proto::Result<void> control_out(const ControlSetup& setup, std::span<const std::byte> data,
                                  int timeout_ms) override;
  proto::Result<void> clear_halt(std::uint8_t endpoint) override;
  proto::Result<void> bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                               int timeout_ms) override;
  proto::Result<void> start_bulk_in(std::uint8_t endpoint) override;
  proto::Result<Loan> wait_bulk_in(int timeout_ms) override;
  void return_loan(const Loan& loan) override;
  void close() override;
  void cancel() override;
  std::uint64_t claims_repeated() const override { return claims_repeated_; }

 private:
  LibusbBus& bus_;
  const proto::InstrumentId id_;
  std::uint64_t claims_repeated_ = 0;
  std::mutex mutex_;  // cancel() against open() and close()
  std::unique_ptr<LibusbSession> session_;
};

}  // namespace drivers
