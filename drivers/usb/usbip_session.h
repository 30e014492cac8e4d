// SPDX-License-Identifier: Apache-2.0
// What a USB/IP server makes of the bytes of one connection: a device list, or one imported device
// until either side ends it. No sockets and no clock in here: bytes in, bytes out, time passed in.
// They are a stranger's bytes: memory is bounded, and what cannot be served ends the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "drivers/usb/served_device.h"
#include "drivers/usb/usb_requests.h"
#include "drivers/usb/usbip_wire.h"

namespace drivers {

// How many bytes of a transfer reached the buffer, or how it failed.
struct UsbipOutcome {
  std::int32_t status = 0;  // negative errno
  std::uint32_t length = 0;
};

class UsbipSession {
 public:
  // More transfers than any host arms; one that arms more is refused.
  static constexpr std::size_t kArmedMax = 256;
  // Data of one OUT transfer or control request, at most.
  static constexpr std::size_t kOutBytesMax = 65'536;
  // Control requests that wait for a slow device, at most.
  static constexpr std::size_t kSlowMax = 16;
  // One IN transfer is filled up to here, however much more it could take.
  static constexpr std::size_t kInBytesMax = 65'536;

  // Device k is on bus 1 as "1-<k+1>". The devices outlive the session.
  explicit UsbipSession(std::span<ServedDevice> devices);
  ~UsbipSession();
  UsbipSession(const UsbipSession&) = delete;
  UsbipSession& operator=(const UsbipSession&) = delete;

  // Where the next bytes go; never empty while wants_input().
  std::span<std::byte> input_room();
  bool wants_input() const;
  // So many have come. False: the connection ends once output() is sent.
  bool on_input(std::size_t count, std::int64_t now_ns);

  std::span<const std::byte> output() const { return {out_.get() + begin_, end_ - begin_}; }
  void sent(std::size_t count);
  bool is_closing() const { return closing_; }

  // Completes armed transfers with what was due until now, at the times at which it was due.
  void catch_up(std::int64_t now_ns);
  // When there will be something to complete; absent: not by itself.
  std::optional<std::int64_t> next_wake_ns(std::int64_t now_ns) const;

 private:
  bool on_operation(std::span<const std::byte> bytes, std::size_t& used, std::int64_t now_ns);
  void reply_device_list(std::int64_t now_ns);
  void reply_import(const std::string& bus_id, std::int64_t now_ns);
  bool on_command(std::span<const std::byte> bytes, std::size_t& used, std::int64_t now_ns);
  // False: there are too many.
  bool unlink_later(const usbip::Unlink& unlink, std::int64_t now_ns);
  void unlink_slow(std::int64_t now_ns);
  void on_unlink(const usbip::Unlink& unlink, std::int64_t now_ns);
  bool on_submit(const usbip::Submit& submit, std::span<const std::byte> data, std::int64_t now_ns);
  // False: there are too many.
  bool answer_later(const usbip::Submit& submit, std::span<const std::byte> data,
                    std::int64_t now_ns);
  void answer_slow(std::int64_t now_ns);
  void on_control(const usbip::Submit& submit, std::span<const std::byte> data,
                  std::int64_t now_ns);
  std::optional<std::int64_t> next_transfer_ns(std::int64_t now_ns) const;
  // False: there is nothing more to complete, or no room for it.
  bool hand_over(std::int64_t at_ns);
  UsbipOutcome fill(std::span<std::byte> transfer, std::int64_t at_ns);
  std::int32_t status_of(const proto::Error& error);
  void reply(std::uint32_t sequence, const UsbipOutcome& outcome);
  void append(std::span<const std::byte> bytes);
  // For a transfer and the answers to a few requests.
  bool has_room();
  usbip::Place place_of(std::size_t index) const;

  const std::span<ServedDevice> devices_;
  std::vector<std::byte> in_;
  std::size_t in_size_ = 0;
  std::unique_ptr<std::byte[]> out_;  // pages that were never needed cost nothing
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool closing_ = false;

  // Of the imported device.
  ServedDevice* imported_ = nullptr;
  std::uint32_t device_id_ = 0;
  std::optional<UsbRequests> requests_;
  std::deque<usbip::Submit> armed_;  // bulk IN, in order
  // Control requests that are not answered yet, in order.
  struct Slow {
    usbip::Submit submit;
    std::vector<std::byte> data;
    std::int64_t due_ns = 0;
  };
  std::deque<Slow> slow_;
  struct SlowUnlink {
    usbip::Unlink unlink;
    std::int64_t due_ns = 0;
  };
  std::deque<SlowUnlink> slow_unlinks_;  // in order
  std::int64_t served_ns_ = 0;
};

}  // namespace drivers
