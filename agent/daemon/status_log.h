// SPDX-License-Identifier: Apache-2.0
// One log line for each change that a person should know of; silence while nothing changes.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "agent/daemon/instrument_worker.h"
#include "agent/daemon/loss_events.h"
#include "agent/log/log.h"
#include "agent/status/agent_status.h"
#include "buffer/spool.h"

namespace agent {

class StatusLog {
 public:
  // Gaps and evictions of this time share a line.
  static constexpr std::int64_t kSummaryNs = 10'000'000'000;

  explicit StatusLog(Log& log) : log_(log) {}

  // On the instrument's thread; the log is all that it touches.
  void on_instrument(const proto::InstrumentId& id, const InstrumentWorkerStatus& status) const;

  // The rest is the main thread's.
  void on_spool_opened(const std::string& path, const buffer::OpenReport& report) const;
  void on_status(const AgentStatus& status, const LossTotals& evicted, std::int64_t now_ns);
  // What is known of losses and not yet said: at a stop.
  void flush(const AgentStatus& status, const LossTotals& evicted);

 private:
  struct Gaps {
    std::uint64_t gaps = 0;
    std::uint64_t values = 0;
  };
  void broker(const ForwarderStatus& kafka);
  void disk(const SpoolStatus& spool);
  void health(const AgentStatus& status);
  void summaries(const AgentStatus& status, const LossTotals& evicted);

  Log& log_;
  std::string reload_error_;
  std::uint64_t renewals_ = 0;
  std::string kafka_state_ = "no broker configured";  // said at the start
  std::string spool_error_;
  bool disk_full_ = false;
  bool acked_ = false;
  Health health_ = Health::kHealthy;
  bool has_health_ = false;
  std::map<std::string, Gaps> gaps_;
  LossTotals evicted_;
  std::int64_t summary_ns_ = 0;
};

}  // namespace agent
