// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/instance_guard.h"

#include <chrono>

#include "proto/cloud_event.h"

namespace agent {
namespace {

// Five heartbeats.
constexpr std::int64_t kSilenceNs = std::chrono::nanoseconds(std::chrono::minutes(5)).count();

}  // namespace

void InstanceGuard::accept(const FoundProgress& found) {
  predecessor_ = found.progress ? found.progress->instance_id : std::string();
  heard_ns_.reset();
}

bool InstanceGuard::is_foreign(const FoundProgress& found) const {
  return found.progress && found.progress->instance_id != ours_ &&
         found.progress->instance_id != predecessor_;
}

bool InstanceGuard::is_gone(const FoundProgress& found, std::int64_t now_ns) {
  if (found.progress || !heard_ns_) heard_ns_ = now_ns;
  return now_ns - *heard_ns_ >= kSilenceNs;
}

std::string InstanceGuard::describe(const proto::ProgressRecord& record) {
  return record.host + " (instance " + record.instance_id + ", started " +
         proto::rfc3339_us(record.started_utc_us) + ")";
}

}  // namespace agent
