// SPDX-License-Identifier: Apache-2.0
// A UsbPort that writes down all that passes through it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "drivers/usb/capture.h"
#include "drivers/usb/usb_port.h"
#include "proto/clock.h"

namespace drivers {

// The clock and what the observer refers to outlive the port.
class RecordingPort final : public UsbPort {
 public:
  // Called on the thread that uses the port, in order of completion.
  using Observer = std::function<void(const Exchange& exchange)>;
  RecordingPort(std::unique_ptr<UsbPort> port, const proto::Clock& clock, Observer observer);

  proto::Result<void> open() override { return port_->open(); }
  proto::Result<std::size_t> control_in(const ControlSetup& setup, std::span<std::byte> data,
                                        int timeout_ms) override;
  proto::Result<void> control_out(const ControlSetup& setup, std::span<const std::byte> data,
                                  int timeout_ms) override;
  proto::Result<void> clear_halt(std::uint8_t endpoint) override;
  proto::Result<void> bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                               int timeout_ms) override;
  proto::Result<void> start_bulk_in(std::uint8_t endpoint) override;
  proto::Result<Loan> wait_bulk_in(int timeout_ms) override;
  void return_loan(const Loan& loan) override { port_->return_loan(loan); }
  void close() override { port_->close(); }
  void cancel() override { port_->cancel(); }

 private:
  void tell(Exchange exchange, std::int64_t at_monotonic_ns);
  void tell_control(ExchangeKind kind, const ControlSetup& setup,
                    const proto::Result<void>& outcome, std::span<const std::byte> data);

  const std::unique_ptr<UsbPort> port_;
  const proto::Clock& clock_;
  const Observer observer_;
  const std::int64_t start_ns_;
  std::int64_t last_ns_ = 0;
  std::uint8_t endpoint_in_ = 0;
};

}  // namespace drivers
