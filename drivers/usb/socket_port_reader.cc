// SPDX-License-Identifier: Apache-2.0
// The reading thread of a SocketPort. It does little for each transfer, because what it costs is
// counted as the agent's: one system call reads a transfer and the head of the next message.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "drivers/usb/socket_port.h"

namespace drivers {
namespace {

constexpr std::size_t kWakeAnyway = 32;  // 1 MiB

}  // namespace

// Fills `bytes`; what comes with them goes into `ahead` (of which `ahead_size` bytes are there).
bool SocketPort::read_exactly(std::span<std::byte> bytes, std::span<std::byte> ahead,
                              std::size_t& ahead_size) {
  ahead_size = 0;
  while (!bytes.empty()) {
    std::array<iovec, 2> parts = {{{bytes.data(), bytes.size()}, {ahead.data(), ahead.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = ahead.empty() ? 1 : 2;
    const ssize_t received = ::recvmsg(link_.fd(), &message, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return false;
    const auto count = static_cast<std::size_t>(received);
    ahead_size = count > bytes.size() ? count - bytes.size() : 0;
    bytes = bytes.subspan(std::min(count, bytes.size()));
  }
  return true;
}

void SocketPort::read_messages() {
  std::array<std::byte, kMessageHeaderBytes> head{};
  std::size_t head_size = 0;
  std::size_t none = 0;
  for (;;) {
    if (!read_exactly(std::span(head).subspan(head_size), {}, none)) break;
    head_size = 0;
    const auto header = unpack_message_header(head);
    if (!header) break;
    if (header->type == MessageType::kBulkIn) {
      if (!on_transfer(*header, head, head_size)) break;
    } else if (header->type == MessageType::kReply) {
      if (!on_reply(*header)) break;
    } else {
      break;
    }
  }
  const std::lock_guard lock(mutex_);
  lost_ = true;
  wake_.notify_all();
}

bool SocketPort::on_transfer(const MessageHeader& header, std::span<std::byte> next_head,
                             std::size_t& next_size) {
  Completed done{.size = header.length, .status = header.status};
  {
    const std::lock_guard lock(mutex_);
    if (free_slots_.empty()) return false;  // more than were armed
    done.slot = free_slots_.back();
    free_slots_.pop_back();
  }
  if (!read_exactly(slot_bytes(done.slot).first(header.length), next_head, next_size)) return false;
  done.monotonic_ns = clock_.monotonic_ns();
  done.utc_ns = clock_.utc_ns();
  const std::lock_guard lock(mutex_);
  completed_.push_back(done);
  // When the next one is here already, its own end will wake the driver, once for all.
  if (next_size == 0 || completed_.size() >= kWakeAnyway) wake_.notify_all();
  return true;
}

bool SocketPort::on_reply(const MessageHeader& header) {
  Reply reply{header.status, std::vector<std::byte>(header.length)};
  std::size_t none = 0;
  if (!read_exactly(reply.payload, {}, none)) return false;
  const std::lock_guard lock(mutex_);
  if (awaited_tag_ == header.tag) {
    reply_ = std::move(reply);
    wake_.notify_all();
  }
  return true;
}

}  // namespace drivers
