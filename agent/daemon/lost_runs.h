// SPDX-License-Identifier: Apache-2.0
// After the loss of a spool: the runs that the broker still calls running, and that nobody here
// knows of any more, are reported aborted. A thread of its own, which ends once the broker has
// answered.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "agent/forward/open_runs.h"
#include "agent/log/log.h"
#include "agent/spool/spool_queue.h"
#include "proto/clock.h"

namespace agent {

class LostRuns {
 public:
  // Tried again after this, as long as no broker answers.
  static constexpr std::chrono::milliseconds kRetryDelay{30'000};

  struct Links {
    SpoolQueue& queue;
    const proto::Clock& clock;
    Log& log;
    // `<device_id>/<test_id>` of the runs that are open here; from this object's thread.
    std::function<std::set<std::string>()> open_now;
    // The query's settings as they are by now; from this object's thread.
    std::function<proto::Result<KafkaSettings>()> kafka;
  };
  // All links outlive it. The query's `open_now` and `cancelled` are set here.
  LostRuns(OpenRunsQuery query, Links links);
  ~LostRuns();  // stops
  LostRuns(const LostRuns&) = delete;
  LostRuns& operator=(const LostRuns&) = delete;

  void start();
  // Waits for the call in hand, which notices within a fraction of a second.
  void stop();
  // Why the broker will not tell, if a person must act; from any thread.
  std::string trouble() const;

 private:
  void run();
  bool look();
  bool is_stopping();
  void set_trouble(std::string text);

  OpenRunsQuery query_;
  const Links links_;
  std::thread thread_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // this and the next: guarded by mutex_
  std::string trouble_;
};

}  // namespace agent
