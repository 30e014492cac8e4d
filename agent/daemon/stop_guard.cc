// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/stop_guard.h"

#include <cstdlib>

namespace agent {

StopGuard::StopGuard(std::chrono::milliseconds limit, Log& log)
    : log_(log),
      thread_([this, deadline = std::chrono::steady_clock::now() + limit] { watch(deadline); }) {}

StopGuard::~StopGuard() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void StopGuard::enter(const std::string& step) {
  const std::lock_guard lock(mutex_);
  step_ = step;
}

void StopGuard::watch(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, deadline, [this] { return ended_; })) return;
  log_.error("stop takes too long, the process ends here; what was not committed is a gap",
             {{"step", step_}});
  std::_Exit(EXIT_FAILURE);
}

}  // namespace agent
