// SPDX-License-Identifier: Apache-2.0
#include "agent/control/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "agent/control/control_errc.h"
#include "agent/control/unix_socket.h"

namespace agent {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kReplyBytesMax = 16 << 20;

class Connection {
 public:
  Connection(std::string path, std::chrono::milliseconds timeout)
      : path_(std::move(path)), deadline_(steady_clock::now() + timeout) {}
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  proto::Result<void> open() {
    const auto address = unix_address(path_);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (!address || fd_ < 0) return failed(ControlErrc::kDaemonAbsent);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&*address);
    while (::connect(fd_, generic, sizeof(*address)) != 0) {
      if (errno == EACCES || errno == EPERM) return failed(ControlErrc::kDenied);
      if (errno != EAGAIN && errno != EINTR) return failed(ControlErrc::kDaemonAbsent);
      // The listener's queue is full: a daemon that hangs.
      if (remaining_ms() == 0) return failed(ControlErrc::kNoAnswer);
      ::poll(nullptr, 0, 5);
    }
    return {};
  }

  proto::Result<void> send(const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
      if (!wait(POLLOUT)) return failed(ControlErrc::kNoAnswer);
      const ssize_t got = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (got < 0 && errno != EAGAIN && errno != EINTR) return failed(ControlErrc::kNoAnswer);
      if (got > 0) sent += static_cast<std::size_t>(got);
    }
    return {};
  }

  // Until the daemon closes.
  proto::Result<std::string> receive() {
    std::string text;
    std::array<char, 16'384> chunk;
    while (text.size() <= kReplyBytesMax) {
      if (!wait(POLLIN)) return failed(ControlErrc::kNoAnswer);
      const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), 0);
      if (got == 0) break;
      if (got < 0 && errno != EAGAIN && errno != EINTR) return failed(ControlErrc::kNoAnswer);
      if (got > 0) text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    if (text.empty() || text.back() != '\n') return failed(ControlErrc::kNoAnswer);
    text.pop_back();
    return text;
  }

 private:
  tl::unexpected<proto::Error> failed(ControlErrc code) const {
    return proto::fail(code, "control socket " + path_);
  }
  int remaining_ms() const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - steady_clock::now());
    return left.count() > 0 ? static_cast<int>(left.count()) : 0;
  }
  bool wait(short events) const {
    pollfd entry{fd_, events, 0};
    int ready = -1;
    do {
      ready = ::poll(&entry, 1, remaining_ms());
    } while (ready < 0 && errno == EINTR);  // a signal is no silence of the daemon
    return ready > 0;
  }

  const std::string path_;
  const steady_clock::time_point deadline_;
  int fd_ = -1;
};

}  // namespace

proto::Result<std::string> control_call(const std::string& socket_path,
                                        const ControlRequest& request,
                                        std::chrono::milliseconds timeout) {
  Connection connection(socket_path, timeout);
  if (auto opened = connection.open(); !opened) return tl::unexpected(opened.error());
  if (auto sent = connection.send(to_json(request) + "\n"); !sent) {
    return tl::unexpected(sent.error());
  }
  return connection.receive();
}

}  // namespace agent
