// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace agent {
namespace {

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  return line;
}

std::optional<std::chrono::milliseconds> watchdog_from_environment() {
  const char* usec = std::getenv("WATCHDOG_USEC");
  if (usec == nullptr) return std::nullopt;
  const char* pid = std::getenv("WATCHDOG_PID");
  if (pid != nullptr && std::strtol(pid, nullptr, 10) != getpid()) return std::nullopt;
  const long long period_us = std::strtoll(usec, nullptr, 10);
  if (period_us <= 0) return std::nullopt;
  return std::chrono::milliseconds(period_us / 2'000);
}

}  // namespace

SdNotify::SdNotify() : watchdog_interval_(watchdog_from_environment()) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  // Either a path or, with '@', a name in the abstract space.
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  if (std::strlen(path) >= sizeof(sockaddr_un::sun_path)) return;
  path_ = path;
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

SdNotify::~SdNotify() {
  if (socket_ >= 0) ::close(socket_);
}

void SdNotify::send(const std::string& message) const {
  if (socket_ < 0) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  if (path_[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  // A service manager that does not listen is no reason to stop acquiring.
  (void)::sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), length);
}

void SdNotify::ready(std::string_view status) {
  send("READY=1\nSTATUS=" + one_line(status) + "\n");
}
void SdNotify::status(std::string_view text) { send("STATUS=" + one_line(text) + "\n"); }
void SdNotify::reloading() { send("RELOADING=1\n"); }
void SdNotify::stopping() { send("STOPPING=1\n"); }
void SdNotify::watchdog() { send("WATCHDOG=1\n"); }

}  // namespace agent
