// SPDX-License-Identifier: Apache-2.0
// The seam between a driver and a bus. LoopbackPort (an emulated device in this process) and
// SocketPort (one behind a Unix socket) implement it; so does libusb.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "proto/result.h"

namespace drivers {

struct ControlSetup {
  std::uint8_t request_type = 0;  // bmRequestType
  std::uint8_t request = 0;
  std::uint16_t value = 0;
  std::uint16_t index = 0;
  std::uint16_t length = 0;
  bool operator==(const ControlSetup&) const = default;
};

// CLEAR_FEATURE(ENDPOINT_HALT).
constexpr ControlSetup clear_halt_setup(std::uint8_t endpoint) {
  return {.request_type = 0x02, .request = 1, .value = 0, .index = endpoint, .length = 0};
}

// A completed bulk IN transfer, on loan: the bytes are valid until return_loan() or close().
struct Loan {
  std::span<const std::byte> bytes;
  std::int64_t arrival_monotonic_ns = 0;  // stamped at completion
  std::int64_t arrival_utc_ns = 0;
  std::uint32_t slot = 0;  // the port's own
};

// One opened device. All calls but cancel() come from one thread. Errors are UsbErrc.
class UsbPort {
 public:
  static constexpr std::uint32_t kTransferBytes = 32'768;  // 64 slots of 512 bytes

  virtual ~UsbPort() = default;

  // Opens and claims: configuration 1, interface 0, alternate setting 0. After close() it may be
  // opened again.
  virtual proto::Result<void> open() = 0;
  // Bytes received.
  virtual proto::Result<std::size_t> control_in(const ControlSetup& setup,
                                                std::span<std::byte> data, int timeout_ms) = 0;
  // With its data stage, which may be empty.
  virtual proto::Result<void> control_out(const ControlSetup& setup,
                                          std::span<const std::byte> data, int timeout_ms) = 0;
  virtual proto::Result<void> clear_halt(std::uint8_t endpoint) = 0;
  virtual proto::Result<void> bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                                       int timeout_ms) = 0;
  // Arms the bulk IN transfers; they re-arm themselves as loans come back.
  virtual proto::Result<void> start_bulk_in(std::uint8_t endpoint) = 0;
  // The next completed transfer, in order. UsbErrc::kTimeout when none came; kCancelled after
  // cancel().
  virtual proto::Result<Loan> wait_bulk_in(int timeout_ms) = 0;
  virtual void return_loan(const Loan& loan) = 0;
  // Cancels and drains all transfers. Idempotent.
  virtual void close() = 0;
  // From any thread: wakes wait_bulk_in() once.
  virtual void cancel() = 0;

  // Claims that came before the kernel had configured the device, and were repeated until it had.
  // Since the port was made; a port without a kernel has none.
  virtual std::uint64_t claims_repeated() const { return 0; }
};

}  // namespace drivers
