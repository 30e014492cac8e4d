// SPDX-License-Identifier: Apache-2.0
// A UsbPort whose cable is a Unix socket to an emulator in another process (socket_server.h). A
// thread of its own stamps completed transfers and queues them in a fixed pool; the emulator sends
// only as many as are armed, so a host that does not return its loans makes the device's FIFO
// overflow, as on a real bus.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "drivers/usb/socket_link.h"
#include "drivers/usb/usb_port.h"
#include "proto/clock.h"

namespace drivers {

class SocketPort final : public UsbPort {
 public:
  // 10 MiB, the reserve of a LibusbPort: 1.1 s of current, voltage, range and one input at full
  // rate. A host that keeps up touches a few of them only, and memory that was never touched costs
  // nothing.
  static constexpr std::uint32_t kTransfers = 320;

  // The clock outlives the port.
  SocketPort(std::filesystem::path socket, std::string serial, const proto::Clock& clock);
  ~SocketPort() override;
  SocketPort(const SocketPort&) = delete;
  SocketPort& operator=(const SocketPort&) = delete;

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
  struct Completed {
    std::uint32_t slot = 0;
    std::uint32_t size = 0;
    std::uint8_t status = 0;
    std::int64_t monotonic_ns = 0;
    std::int64_t utc_ns = 0;
  };
  struct Reply {
    std::uint8_t status = 0;
    std::vector<std::byte> payload;
  };

  proto::Result<Reply> request(MessageType type, std::span<const std::byte> payload,
                               int timeout_ms);
  void rearm(std::uint32_t transfers);
  std::span<std::byte> slot_bytes(std::uint32_t slot);

  // The reading thread.
  void read_messages();
  bool read_exactly(std::span<std::byte> bytes, std::span<std::byte> ahead,
                    std::size_t& ahead_size);
  bool on_transfer(const MessageHeader& header, std::span<std::byte> next_head,
                   std::size_t& next_size);
  bool on_reply(const MessageHeader& header);

  const std::filesystem::path socket_;
  const std::string serial_;
  const proto::Clock& clock_;
  SocketLink link_;
  std::unique_ptr<std::byte[]> pool_;  // kTransfers of kTransferBytes each
  std::thread reader_;
  bool armed_ = false;
  std::uint32_t to_rearm_ = 0;  // free slots that the emulator does not know of yet
  std::uint16_t next_tag_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<Completed> completed_;
  std::vector<std::uint32_t> free_slots_;
  std::optional<std::uint16_t> awaited_tag_;
  std::optional<Reply> reply_;
  bool lost_ = false;
  bool cancelled_ = false;
};

}  // namespace drivers
