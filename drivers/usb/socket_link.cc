// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/socket_link.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace drivers {
namespace {

constexpr int kBacklog = 16;

std::optional<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.empty() || text.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

int connect_fd(int fd, const sockaddr_un& address) {
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

tl::unexpected<proto::Error> system_failure(const std::string& what) {
  return proto::fail({errno, std::generic_category()}, what);
}

}  // namespace

SocketLink& SocketLink::operator=(SocketLink&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void SocketLink::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void SocketLink::shut_down() {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

proto::Result<SocketLink> SocketLink::connect(const std::filesystem::path& path) {
  const std::string what = "connect to the emulator's socket " + path.string();
  const auto address = address_of(path);
  if (!address) return proto::fail(make_error_code(std::errc::filename_too_long), what);
  SocketLink link(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!link.is_open()) return system_failure(what);
  const timeval send_timeout{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(link.fd_, SOL_SOCKET, SO_SNDTIMEO, &send_timeout, sizeof send_timeout);
  if (connect_fd(link.fd_, *address) != 0) {
    if (errno == EACCES || errno == EPERM) return proto::fail(UsbErrc::kAccess, what);
    if (errno == ENOENT || errno == ECONNREFUSED) return proto::fail(UsbErrc::kNoDevice, what);
    return system_failure(what);
  }
  return link;
}

proto::Result<SocketLink> SocketLink::listen(const std::filesystem::path& path) {
  const std::string what = "listen on the socket " + path.string();
  const auto address = address_of(path);
  if (!address) return proto::fail(make_error_code(std::errc::filename_too_long), what);
  if (connect(path)) {
    return proto::fail(make_error_code(std::errc::address_in_use),
                       what + ": another emulator serves it; end that one, or choose another path");
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
  SocketLink link(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!link.is_open() ||
      ::bind(link.fd_, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      ::chmod(path.c_str(), 0660) != 0 || ::listen(link.fd_, kBacklog) != 0) {
    return system_failure(what);
  }
  return link;
}

proto::Result<void> SocketLink::send(const MessageHeader& header,
                                     std::span<const std::byte> payload) const {
  const auto head = pack_message_header(header);
  std::size_t done = 0;
  const std::size_t total = head.size() + payload.size();
  while (done < total) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    if (done < head.size()) {
      parts[count++] = {const_cast<std::byte*>(head.data()) + done, head.size() - done};
    }
    const std::size_t skip = done > head.size() ? done - head.size() : 0;
    if (skip < payload.size()) {
      parts[count++] = {const_cast<std::byte*>(payload.data()) + skip, payload.size() - skip};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      const bool slow = errno == EAGAIN || errno == EWOULDBLOCK;
      return proto::fail(slow ? UsbErrc::kTimeout : UsbErrc::kNoDevice, "send to the emulator");
    }
    done += static_cast<std::size_t>(sent);
  }
  return {};
}

proto::Result<void> SocketLink::receive_bytes(std::span<std::byte> bytes, int timeout_ms) const {
  while (!bytes.empty()) {
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return proto::fail(UsbErrc::kTimeout, "receive from the emulator");
    const ssize_t received = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return proto::fail(UsbErrc::kNoDevice, "receive from the emulator");
    bytes = bytes.subspan(static_cast<std::size_t>(received));
  }
  return {};
}

proto::Result<SocketLink::Message> SocketLink::receive(int timeout_ms) const {
  std::array<std::byte, kMessageHeaderBytes> head{};
  if (auto status = receive_bytes(head, timeout_ms); !status) return tl::unexpected(status.error());
  const auto header = unpack_message_header(head);
  if (!header) return proto::fail(UsbErrc::kProtocol, "receive from the emulator");
  Message message{*header, std::vector<std::byte>(header->length)};
  if (auto status = receive_bytes(message.payload, timeout_ms); !status) {
    return tl::unexpected(status.error());
  }
  return message;
}

}  // namespace drivers
