// SPDX-License-Identifier: Apache-2.0
// One thread that serves emulated devices by whatever roads there are to them, so that the devices
// need no locks.
#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "proto/clock.h"
#include "proto/result.h"

namespace drivers {

// One road. All calls come from the loop's thread; `now_ns` does not decrease.
class LoopService {
 public:
  virtual ~LoopService() = default;
  // What it waits for.
  virtual void add_descriptors(std::vector<pollfd>& waiting) const = 0;
  // When it is to be served next, be it in the past.
  virtual std::int64_t next_wake_ns(std::int64_t now_ns) const = 0;
  // Hands over what was due until now; called for each few milliseconds by which the loop is late.
  // All services do this before the first one takes its turn: a device must not see an earlier time
  // after a later one.
  virtual void catch_up(std::int64_t now_ns) = 0;
  // `ready` are the descriptors that it added, with their events.
  virtual void turn(std::span<const pollfd> ready, std::int64_t now_ns) = 0;
};

class ServeLoop {
 public:
  // The clock outlives the loop.
  static proto::Result<std::unique_ptr<ServeLoop>> make(const proto::Clock& clock);
  ~ServeLoop();
  ServeLoop(const ServeLoop&) = delete;
  ServeLoop& operator=(const ServeLoop&) = delete;

  // Before run(); the service outlives the run.
  void add(LoopService& service) { services_.push_back(&service); }
  // Until stop().
  proto::Result<void> run();
  // From any thread and from a signal handler.
  void stop();

 private:
  ServeLoop(const proto::Clock& clock, int wake_fd) : clock_(clock), wake_fd_(wake_fd) {}
  void catch_up(std::int64_t due_ns, std::int64_t now_ns);

  const proto::Clock& clock_;
  const int wake_fd_;
  std::vector<LoopService*> services_;
};

}  // namespace drivers
