// SPDX-License-Identifier: Apache-2.0
// The agent's own record (bench.agent.v1): the newest status, once a minute and at each change of
// health.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/spool/spool_queue.h"
#include "agent/status/agent_status.h"
#include "proto/side_records.h"

namespace agent {

// Pure. `values_evicted` are lost besides those that the pipelines count.
proto::AgentRecord agent_record(const AgentStatus& status, std::uint64_t values_evicted);

// One thread.
class Heartbeat {
 public:
  static constexpr std::int64_t kPeriodNs = 60'000'000'000;
  // A health that flickers must not flood the spool.
  static constexpr std::int64_t kPeriodMinNs = 5'000'000'000;

  explicit Heartbeat(const std::string& topic_prefix);

  // What is to be pushed now; absent: nothing is due.
  std::optional<SpoolEntry> due(const AgentStatus& status, std::uint64_t values_evicted,
                                std::int64_t now_ns);

 private:
  const std::string topic_;
  std::optional<std::int64_t> last_ns_;
  Health last_health_ = Health::kHealthy;
};

}  // namespace agent
