// SPDX-License-Identifier: Apache-2.0
// The service manager's notify protocol (sd_notify(3)): one datagram to $NOTIFY_SOCKET. Without
// that variable every call does nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

class SdNotify {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  SdNotify();
  ~SdNotify();
  SdNotify(const SdNotify&) = delete;
  SdNotify& operator=(const SdNotify&) = delete;

  void ready(std::string_view status);
  void status(std::string_view text);  // one line
  void reloading();                    // ready() follows
  void stopping();
  void watchdog();

  // Half of what the service manager waits for; absent: it does not watch us.
  std::optional<std::chrono::milliseconds> watchdog_interval() const { return watchdog_interval_; }

 private:
  void send(const std::string& message) const;

  int socket_ = -1;
  std::string path_;
  std::optional<std::chrono::milliseconds> watchdog_interval_;
};

}  // namespace agent
