// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/main_mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/check.h"

namespace agent {

MainMailbox::MainMailbox() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { WS_CHECK(fd_ >= 0); }
MainMailbox::~MainMailbox() { ::close(fd_); }

void MainMailbox::wake() const {
  // Fails only when the counter is full, and then the main thread is awake already.
  (void)::eventfd_write(fd_, 1);
}

void MainMailbox::post(Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  wake();
}

void MainMailbox::post(BusScan scan) {
  {
    const std::lock_guard lock(mutex_);
    scan_ = std::move(scan);
  }
  wake();
}

std::optional<BusScan> MainMailbox::take_scan() {
  const std::lock_guard lock(mutex_);
  return std::exchange(scan_, std::nullopt);
}

void MainMailbox::request_stop() {
  stop_ = true;
  wake();
}

std::vector<MainMailbox::Answer> MainMailbox::take() {
  eventfd_t count = 0;
  (void)::eventfd_read(fd_, &count);
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

}  // namespace agent
