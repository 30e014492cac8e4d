// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/socket_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proto/check.h"

namespace drivers {
namespace {

constexpr std::size_t kTransferRoom = UsbPort::kTransferBytes + kMessageHeaderBytes;
constexpr std::size_t kReplyRoom = kReplyBytesMax + kMessageHeaderBytes;
constexpr std::size_t kRepliesWaiting = 8;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

const std::size_t SocketConnection::kOutBytes =
    kTransfersWaiting * kTransferRoom + kRepliesWaiting * kReplyRoom;

SocketConnection::SocketConnection(SocketLink link)
    : link_(std::move(link)),
      in_(4 * (kRequestBytesMax + kMessageHeaderBytes)),
      out_(std::make_unique_for_overwrite<std::byte[]>(kOutBytes)) {}

bool SocketConnection::receive() {
  std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
  in_end_ -= in_begin_;
  in_begin_ = 0;
  const ssize_t count = ::recv(fd(), in_.data() + in_end_, in_.size() - in_end_, MSG_DONTWAIT);
  if (count < 0) return would_block();
  in_end_ += static_cast<std::size_t>(count);
  return count > 0;
}

std::optional<SocketConnection::Request> SocketConnection::next_request() {
  const auto bytes = std::span<const std::byte>(in_).subspan(in_begin_, in_end_ - in_begin_);
  if (broken_ || bytes.size() < kMessageHeaderBytes) return std::nullopt;
  const auto header = unpack_message_header(bytes.first<kMessageHeaderBytes>());
  if (!header || header->length > kRequestBytesMax) {
    broken_ = true;
    return std::nullopt;
  }
  if (bytes.size() < kMessageHeaderBytes + header->length) return std::nullopt;
  in_begin_ += kMessageHeaderBytes + header->length;
  return Request{*header, bytes.subspan(kMessageHeaderBytes, header->length)};
}

void SocketConnection::reply(std::uint16_t tag, std::uint8_t status,
                             std::span<const std::byte> payload) {
  payload = payload.first(std::min(payload.size(), kReplyBytesMax));
  if (kMessageHeaderBytes + payload.size() > room().size()) {
    broken_ = true;  // it asks and never reads
    return;
  }
  const auto head = pack_message_header({.length = static_cast<std::uint32_t>(payload.size()),
                                         .type = MessageType::kReply,
                                         .status = status,
                                         .tag = tag});
  std::ranges::copy(head, room().begin());
  std::ranges::copy(payload, room().subspan(head.size()).begin());
  end_ += head.size() + payload.size();
}

bool SocketConnection::has_room() {
  constexpr std::size_t kWanted = kTransferRoom + kRepliesWaiting * kReplyRoom;
  if (room().size() < kWanted && begin_ > 0) {
    std::memmove(out_.get(), out_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return room().size() >= kWanted;
}

bool SocketConnection::wants_input() const { return kOutBytes - end_ >= 2 * kReplyRoom; }

bool SocketConnection::transfer(const Fill& fill) {
  WS_CHECK(has_room());
  const auto size = fill(room().subspan(kMessageHeaderBytes, UsbPort::kTransferBytes));
  if (size && *size == 0) return false;
  const auto length = static_cast<std::uint32_t>(size ? *size : 0);
  const auto head =
      pack_message_header({.length = length,
                           .type = MessageType::kBulkIn,
                           .status = size ? std::uint8_t{0} : status_from(size.error().code)});
  std::ranges::copy(head, room().begin());
  end_ += head.size() + length;
  return true;
}

bool SocketConnection::flush() {
  while (begin_ < end_) {
    const ssize_t sent =
        ::send(fd(), out_.get() + begin_, end_ - begin_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return would_block();
    begin_ += static_cast<std::size_t>(sent);
  }
  begin_ = 0;
  end_ = 0;
  return true;
}

}  // namespace drivers
