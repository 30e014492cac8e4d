// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/lost_runs.h"

#include <utility>

#include "agent/forward/failure.h"
#include "agent/kafka/advice.h"

namespace agent {

LostRuns::LostRuns(OpenRunsQuery query, Links links)
    : query_(std::move(query)), links_(std::move(links)) {
  query_.cancelled = [this] { return is_stopping(); };
}

LostRuns::~LostRuns() { stop(); }

void LostRuns::start() {
  thread_ = std::thread([this] { run(); });
}

void LostRuns::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool LostRuns::is_stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

std::string LostRuns::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void LostRuns::set_trouble(std::string text) {
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(text);
}

void LostRuns::run() {
  while (!is_stopping() && !look()) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kRetryDelay, [this] { return stopping_; });
  }
}

// False: the broker did not answer.
bool LostRuns::look() {
  query_.open_now = links_.open_now();
  if (auto kafka = links_.kafka()) query_.kafka = std::move(*kafka);
  const auto runs = find_open_runs(query_);
  if (!runs) {
    const Failure failure = failure_of(runs.error());
    const bool is_held = failure.action == KafkaAction::kHold;
    set_trouble(is_held ? "runs that were open when the spool was lost: " + failure.text + "; " +
                              kafka_advice(failure.code, failure.text, query_.kafka)
                        : "");
    return false;
  }
  set_trouble("");
  // One that was started while the broker was asked is not lost either.
  const std::set<std::string> open_now = links_.open_now();
  SpoolEntry entry;
  for (const proto::RunRecord& run : *runs) {
    const std::string key = run.device_id + "/" + run.test_id;
    if (open_now.contains(key)) continue;
    links_.log.warning("run was open when the spool was lost, reported as aborted", {{"run", key}});
    entry.latest.push_back(aborted_run(run, query_.topic, links_.clock.utc_ns() / 1000));
  }
  if (!entry.latest.empty()) links_.queue.push(std::move(entry));
  return true;
}

}  // namespace agent
