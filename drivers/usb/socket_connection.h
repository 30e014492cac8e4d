// SPDX-License-Identifier: Apache-2.0
// The server's view of one client: bytes in, messages out, without ever blocking. Both buffers are
// bounded; a stranger's bytes can at most end the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "drivers/usb/socket_link.h"
#include "drivers/usb/socket_message.h"

namespace drivers {

class SocketConnection {
 public:
  // Completed transfers that wait for the socket to take them, at most.
  static constexpr std::size_t kTransfersWaiting = 320;

  explicit SocketConnection(SocketLink link);

  int fd() const { return link_.fd(); }
  // Reads what is there. False: the client is gone, or sent what is no message.
  bool receive();
  // The next whole request; valid until the next receive(). Absent: none yet, or broken().
  struct Request {
    MessageHeader header;
    std::span<const std::byte> payload;
  };
  std::optional<Request> next_request();
  bool broken() const { return broken_; }

  void reply(std::uint16_t tag, std::uint8_t status, std::span<const std::byte> payload = {});
  // `fill` puts one transfer into the bytes it gets and returns its size, or an error. False: there
  // was nothing.
  using Fill = std::function<proto::Result<std::size_t>(std::span<std::byte>)>;
  bool transfer(const Fill& fill);
  bool has_room();

  // Sends what the socket takes. False: the client is gone.
  bool flush();
  bool has_output() const { return begin_ < end_; }
  // No more is read from a client that does not read its replies.
  bool wants_input() const;

 private:
  std::span<std::byte> room() { return {out_.get() + end_, kOutBytes - end_}; }

  static const std::size_t kOutBytes;
  SocketLink link_;
  std::vector<std::byte> in_;
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::unique_ptr<std::byte[]> out_;  // pages that were never needed cost nothing
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool broken_ = false;
};

}  // namespace drivers
