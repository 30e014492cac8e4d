// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usbip_server.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

namespace drivers {
namespace {

constexpr int kBacklog = 16;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

struct HostAndPort {
  std::string host;
  std::string port;
};

// "127.0.0.1:3240", "[::1]:3240".
std::optional<HostAndPort> split(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string_view port = address.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string_view::npos;
  if (host.empty() || !digits || std::stoul(std::string(port)) > 0xFFFF) return std::nullopt;
  return HostAndPort{std::string(host), std::string(port)};
}

int listen_at(const addrinfo& where) {
  const int fd = ::socket(where.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, where.ai_addr, where.ai_addrlen) == 0 && ::listen(fd, kBacklog) == 0) return fd;
  const int why = errno;
  ::close(fd);
  errno = why;
  return -1;
}

}  // namespace

proto::Result<std::unique_ptr<UsbipServer>> UsbipServer::open(std::string_view address,
                                                              std::vector<ServedDevice> devices) {
  const std::string what = "listen at " + std::string(address);
  const auto parts = split(address);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  if (!parts || ::getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &found) != 0) {
    return proto::fail(make_error_code(std::errc::invalid_argument),
                       what + ": write ADDRESS:PORT, such as 127.0.0.1:3240");
  }
  const int fd = listen_at(*found);
  const int why = errno;
  ::freeaddrinfo(found);
  if (fd < 0) {
    const bool taken = why == EADDRINUSE;
    return proto::fail(
        {why, std::generic_category()},
        taken ? what + ": another program does, such as usbipd; choose another port" : what);
  }
  return std::unique_ptr<UsbipServer>(new UsbipServer(fd, std::move(devices)));
}

UsbipServer::~UsbipServer() {
  connections_.clear();
  ::close(listener_);
}

UsbipServer::Connection::~Connection() { ::close(fd); }

std::uint16_t UsbipServer::port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  const bool is_six = address.ss_family == AF_INET6;
  return ntohs(is_six ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                      : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

void UsbipServer::adopt(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // A host that vanished without a word must not keep its instrument for ever.
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  connections_.push_back(std::make_unique<Connection>(fd, devices_));
}

void UsbipServer::add_descriptors(std::vector<pollfd>& waiting) const {
  waiting.push_back({listener_, POLLIN, 0});
  for (const auto& connection : connections_) {
    const UsbipSession& session = connection->session;
    const int events =
        (session.wants_input() ? POLLIN : 0) | (session.output().empty() ? 0 : POLLOUT);
    waiting.push_back({connection->fd, static_cast<short>(events), 0});
  }
}

std::int64_t UsbipServer::next_wake_ns(std::int64_t now_ns) const {
  std::int64_t wake_ns = INT64_MAX;
  for (const auto& connection : connections_) {
    if (const auto due_ns = connection->session.next_wake_ns(now_ns)) {
      wake_ns = std::min(wake_ns, *due_ns);
    }
  }
  return wake_ns;
}

void UsbipServer::catch_up(std::int64_t now_ns) {
  for (const auto& connection : connections_) connection->session.catch_up(now_ns);
}

void UsbipServer::turn(std::span<const pollfd> ready, std::int64_t now_ns) {
  std::size_t index = 1;
  std::erase_if(connections_, [&](const std::unique_ptr<Connection>& connection) {
    const short events = ready[index++].revents;
    const bool readable = (events & (POLLIN | POLLHUP | POLLERR)) != 0;
    return (readable && !receive(*connection, now_ns)) || !send(*connection);
  });
  if (ready[0].revents != 0) accept_connections();
}

bool UsbipServer::receive(Connection& connection, std::int64_t now_ns) {
  UsbipSession& session = connection.session;
  if (!session.wants_input()) {
    // Hung up: nothing that is still to be sent would arrive.
    std::byte byte{};
    const ssize_t count = ::recv(connection.fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return count > 0 || (count < 0 && would_block());
  }
  const auto room = session.input_room();
  const ssize_t count = ::recv(connection.fd, room.data(), room.size(), MSG_DONTWAIT);
  if (count < 0) return would_block();
  // What it says of the end shows in is_closing(), once its last words are sent.
  if (count > 0) (void)session.on_input(static_cast<std::size_t>(count), now_ns);
  return count > 0;
}

bool UsbipServer::send(Connection& connection) {
  UsbipSession& session = connection.session;
  while (!session.output().empty()) {
    const auto bytes = session.output();
    const ssize_t count =
        ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) return would_block();
    session.sent(static_cast<std::size_t>(count));
  }
  return !session.is_closing();
}

void UsbipServer::accept_connections() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (connections_.size() < kConnectionsMax) {
      adopt(fd);
    } else {
      ::close(fd);
    }
  }
}

}  // namespace drivers
