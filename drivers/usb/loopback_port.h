// SPDX-License-Identifier: Apache-2.0
// A UsbPort whose cable is a function call: the device is an object in this process. Time is real
// and waited for, or virtual: then a wait jumps to the instant at which the device has more.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "drivers/usb/usb_device.h"
#include "drivers/usb/usb_port.h"
#include "drivers/usb/virtual_clock.h"

namespace drivers {

// The device and the clock outlive the port. The device sees the clock's monotonic time.
class LoopbackPort final : public UsbPort {
 public:
  static constexpr std::uint32_t kTransfers = 4;

  LoopbackPort(UsbDevice& device, const proto::Clock& clock);
  LoopbackPort(UsbDevice& device, VirtualClock& clock);

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

 private:
  bool take_cancel();
  // False: the device takes longer than that to answer, and will not have done what it was asked.
  bool wait_for_answer(const ControlSetup& setup, int timeout_ms);
  void pass_time_until(std::int64_t monotonic_ns);

  UsbDevice& device_;
  const proto::Clock& clock_;
  VirtualClock* const virtual_clock_;  // null: real time
  bool open_ = false;
  bool started_ = false;
  std::vector<std::byte> buffers_;  // kTransfers of kTransferBytes each
  std::array<bool, kTransfers> on_loan_{};
  std::uint32_t next_slot_ = 0;  // loans come back in any order, transfers complete in this one

  std::mutex mutex_;
  std::condition_variable wake_;
  bool cancelled_ = false;  // guarded by mutex_
};

}  // namespace drivers
