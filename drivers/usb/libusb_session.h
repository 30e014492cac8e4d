// SPDX-License-Identifier: Apache-2.0
// One device that is opened and claimed, and its transfers. libusb's event thread calls back; a
// callback stamps, queues and arms the transfer again with a fresh buffer, nothing else.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "drivers/usb/usb_errc.h"
#include "drivers/usb/usb_port.h"
#include "drivers/usb/usb_sysfs.h"
#include "proto/clock.h"

struct libusb_context;
struct libusb_device_handle;
struct libusb_transfer;

namespace drivers {

// One thread calls all but cancel() and drain(). No call of libusb here has a time limit of
// libusb's: that would be cancelled in the event thread, and a cancel can block.
class LibusbSession {
 public:
  // In flight: 1 MiB, 111 ms of current, voltage, range and one input of a JS220 at full rate.
  static constexpr std::uint32_t kTransfers = 32;
  // With those that are completed and not yet read 10 MiB: a caller may be late by 1.1 s. Pages
  // that were never needed cost nothing.
  static constexpr std::uint32_t kBuffers = 320;

  // UsbErrc::kBusy, kAccess, kNoDevice; kProtocol: it lacks an endpoint. The message says what to
  // do. The context's events are handled in another thread; it and the clock outlive the session.
  static proto::Result<std::unique_ptr<LibusbSession>> open(libusb_context* context,
                                                            const UsbSysfs& sysfs,
                                                            const UsbNode& node,
                                                            const proto::Clock& clock);
  ~LibusbSession();  // after drain()
  LibusbSession(const LibusbSession&) = delete;
  LibusbSession& operator=(const LibusbSession&) = delete;

  proto::Result<std::size_t> control(const ControlSetup& setup, std::span<std::byte> in,
                                     std::span<const std::byte> out, int timeout_ms);
  proto::Result<void> bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                               int timeout_ms);
  proto::Result<void> clear_halt(std::uint8_t endpoint);
  proto::Result<void> start_bulk_in(std::uint8_t endpoint);
  proto::Result<Loan> wait_bulk_in(int timeout_ms);
  void return_loan(const Loan& loan);
  void cancel();
  std::uint64_t claims_repeated() const { return claims_repeated_; }
  // Cancels what is in flight and waits until all of it came back, which nobody can promise that it
  // does: in a thread that may hang.
  void drain();

 private:
  struct InTransfer {
    LibusbSession* session = nullptr;
    libusb_transfer* transfer = nullptr;
    std::uint32_t buffer = 0;
    std::uint32_t round = 0;  // in which it was armed
    bool in_flight = false;
  };
  struct Completed {
    std::uint32_t buffer = 0;
    std::uint32_t size = 0;
    std::int64_t monotonic_ns = 0;
    std::int64_t utc_ns = 0;
  };

  LibusbSession(int fd, const proto::Clock& clock);
  proto::Result<void> claim(const UsbNode& node);
  proto::Result<void> check_interface(const UsbNode& node) const;
  // Sends request_transfer_ and waits for it.
  proto::Result<std::size_t> ask(const char* verb, int timeout_ms);
  void cancel_aside(libusb_transfer* transfer);
  static void on_request_done(libusb_transfer* transfer);
  static void on_in_done(libusb_transfer* transfer);
  // These need mutex_.
  void take_completed(InTransfer& in);
  void take_failed(UsbErrc why);
  bool submit(InTransfer& in);
  void arm_idle();
  std::optional<proto::Result<Loan>> next_outcome();
  std::byte* buffer_bytes(std::uint32_t buffer) {
    return pool_.get() + std::size_t{buffer} * UsbPort::kTransferBytes;
  }

  const int fd_;
  const proto::Clock& clock_;
  libusb_device_handle* handle_ = nullptr;
  std::uint64_t claims_repeated_ = 0;
  std::vector<std::byte> request_bytes_;
  libusb_transfer* request_transfer_ = nullptr;
  std::vector<std::thread> asides_;  // each cancels one request

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  bool request_pending_ = false;
  std::unique_ptr<std::byte[]> pool_;
  std::vector<InTransfer> transfers_;
  std::vector<std::uint32_t> free_buffers_;  // the last one is the warmest
  std::vector<Completed> ring_;              // kBuffers places
  std::uint32_t ring_begin_ = 0;
  std::uint32_t ring_size_ = 0;
  std::uint32_t in_flight_ = 0;
  std::uint32_t round_ = 0;  // the next begins when transfers are armed after a failure
  bool round_failed_ = false;
  std::optional<UsbErrc> failure_;   // of this round, not yet told
  bool suspect_ = false;             // a transfer said NO_DEVICE: the next submit tells
  std::int64_t rearm_ns_ = 0;        // not before
  std::int64_t rearm_delay_ns_ = 0;  // of the next failed round
  bool lost_ = false;
  bool cancelled_ = false;
  bool closing_ = false;
};

}  // namespace drivers
