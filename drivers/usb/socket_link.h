// SPDX-License-Identifier: Apache-2.0
// One end of a Unix stream socket, owned; whole messages are sent and received. Blocking.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include "drivers/usb/socket_message.h"
#include "proto/result.h"

namespace drivers {

class SocketLink {
 public:
  SocketLink() = default;
  explicit SocketLink(int fd) : fd_(fd) {}
  ~SocketLink() { close(); }
  SocketLink(SocketLink&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SocketLink& operator=(SocketLink&& other) noexcept;
  SocketLink(const SocketLink&) = delete;
  SocketLink& operator=(const SocketLink&) = delete;

  // kNoDevice: nobody listens there; kAccess: not allowed to. Sending gives up after a second.
  static proto::Result<SocketLink> connect(const std::filesystem::path& path);
  // Takes the path over from a server that is dead; std::errc::address_in_use when one is alive.
  static proto::Result<SocketLink> listen(const std::filesystem::path& path);

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close();
  // Both directions end; a thread that receives returns. From any thread.
  void shut_down();

  // kNoDevice: the other side is gone; kTimeout: it does not read.
  proto::Result<void> send(const MessageHeader& header,
                           std::span<const std::byte> payload = {}) const;
  struct Message {
    MessageHeader header;
    std::vector<std::byte> payload;
  };
  // The next message, which comes within `timeout_ms`.
  proto::Result<Message> receive(int timeout_ms) const;

 private:
  proto::Result<void> receive_bytes(std::span<std::byte> bytes, int timeout_ms) const;
  int fd_ = -1;
};

}  // namespace drivers
