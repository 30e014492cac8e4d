// SPDX-License-Identifier: Apache-2.0
// Ends the process when its stop takes longer than it may: what hangs is named, and what was not
// committed is told by the next start as a gap.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "agent/log/log.h"

namespace agent {

class StopGuard {
 public:
  // The log outlives it.
  StopGuard(std::chrono::milliseconds limit, Log& log);
  ~StopGuard();  // the stop has ended in time
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

  void enter(const std::string& step);

 private:
  void watch(std::chrono::steady_clock::time_point deadline);

  Log& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string step_;    // guarded by mutex_
  bool ended_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace agent
