// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/serve_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string>
#include <system_error>

namespace drivers {
namespace {

constexpr std::int64_t kIdleNs = 60'000'000'000;
// The time by which it is late is gone through in steps; what is longer ago is past any host's
// buffers.
constexpr std::int64_t kStepNs = 4'000'000;
constexpr std::int64_t kPastNs = 2'000'000'000;
// It is given up after so long, half of a client's patience: an emulator that is slower than its
// instrument would else make samples only, and answer nobody.
constexpr std::int64_t kCatchUpNs = 500'000'000;

}  // namespace

proto::Result<std::unique_ptr<ServeLoop>> ServeLoop::make(const proto::Clock& clock) {
  const int wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) {
    return proto::fail({errno, std::generic_category()}, "make an event descriptor");
  }
  return std::unique_ptr<ServeLoop>(new ServeLoop(clock, wake_fd));
}

ServeLoop::~ServeLoop() { ::close(wake_fd_); }

void ServeLoop::stop() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

void ServeLoop::catch_up(std::int64_t due_ns, std::int64_t now_ns) {
  for (std::int64_t at_ns = std::max(due_ns, now_ns - kPastNs); at_ns < now_ns; at_ns += kStepNs) {
    for (LoopService* service : services_) service->catch_up(at_ns);
    if (clock_.monotonic_ns() - now_ns >= kCatchUpNs) break;
  }
  for (LoopService* service : services_) service->catch_up(now_ns);
}

proto::Result<void> ServeLoop::run() {
  std::vector<pollfd> waiting;
  std::vector<std::size_t> ends(services_.size());
  for (;;) {
    waiting.assign(1, {wake_fd_, POLLIN, 0});
    std::int64_t now_ns = clock_.monotonic_ns();
    std::int64_t wake_ns = now_ns + kIdleNs;
    for (std::size_t k = 0; k < services_.size(); ++k) {
      services_[k]->add_descriptors(waiting);
      ends[k] = waiting.size();
      wake_ns = std::min(wake_ns, services_[k]->next_wake_ns(now_ns));
    }
    const std::int64_t wait_ns = std::max<std::int64_t>(wake_ns - now_ns, 0);
    const timespec timeout{.tv_sec = wait_ns / 1'000'000'000, .tv_nsec = wait_ns % 1'000'000'000};
    if (::ppoll(waiting.data(), waiting.size(), &timeout, nullptr) < 0 && errno != EINTR) {
      return proto::fail({errno, std::generic_category()}, "wait for the emulator's clients");
    }
    if (waiting[0].revents != 0) return {};
    now_ns = clock_.monotonic_ns();
    catch_up(wake_ns, now_ns);
    std::size_t begin = 1;
    for (std::size_t k = 0; k < services_.size(); ++k) {
      services_[k]->turn(std::span(waiting).subspan(begin, ends[k] - begin), now_ns);
      begin = ends[k];
    }
  }
}

}  // namespace drivers
