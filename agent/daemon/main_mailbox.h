// SPDX-License-Identifier: Apache-2.0
// What other threads want of the main thread, and the descriptor that wakes its poll().
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/control/control_server.h"
#include "agent/daemon/bus_watch.h"

namespace agent {

// Thread-safe.
class MainMailbox {
 public:
  MainMailbox();
  ~MainMailbox();
  MainMailbox(const MainMailbox&) = delete;
  MainMailbox& operator=(const MainMailbox&) = delete;

  using Answer = std::pair<ClientId, std::string>;
  void post(Answer answer);
  // Replaces a scan that was not taken yet: only the newest counts.
  void post(BusScan scan);
  void request_stop();

  // The main thread's.
  int poll_fd() const { return fd_; }
  std::vector<Answer> take();
  std::optional<BusScan> take_scan();
  bool stop_requested() const { return stop_; }

 private:
  void wake() const;

  int fd_ = -1;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<Answer> answers_;  // guarded by mutex_
  std::optional<BusScan> scan_;  // guarded by mutex_
};

}  // namespace agent
