// SPDX-License-Identifier: Apache-2.0
// Puts the agent's status together from what its parts publish.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config_load.h"
#include "agent/daemon/parts.h"
#include "agent/daemon/progress_watch.h"
#include "agent/status/agent_status.h"
#include "proto/clock.h"

namespace agent {

// Rates over the last half minute, from samples about a second apart. Pure.
class SpoolRates {
 public:
  static constexpr std::int64_t kWindowNs = 30'000'000'000;
  // Before that a rate says more about chance than about the bench.
  static constexpr std::int64_t kSpanMinNs = 3'000'000'000;

  void sample(std::int64_t now_ns, std::uint64_t pushed_bytes, std::uint64_t unacked_bytes);
  double append_bytes_per_s() const;
  // Absent: the backlog does not grow, or it is not known yet.
  std::optional<double> time_to_full_s(std::uint64_t capacity_bytes) const;

 private:
  struct Sample {
    std::int64_t at_ns = 0;
    std::uint64_t pushed_bytes = 0;
    std::uint64_t unacked_bytes = 0;
  };
  double span_s() const;  // 0: too short
  std::deque<Sample> samples_;
};

// One thread. All that it refers to outlives it.
class StatusBuilder {
 public:
  StatusBuilder(const Parts& parts, const Config& config, const proto::Clock& clock,
                ProgressLimits limits);

  // About once a second: rates and stuck threads come from it. `bus_watch`: its heartbeat, where it
  // has a thread.
  void sample(std::optional<std::uint64_t> bus_watch);
  AgentStatus build() const;  // judged; any time

  void set_metrics(MetricsStatus metrics) { metrics_ = std::move(metrics); }
  void set_bus_findings(std::vector<HealthReason> findings) { bus_findings_ = std::move(findings); }
  void set_restart_needed(std::vector<std::string> keys) { restart_needed_ = std::move(keys); }
  void set_reload_error(std::string text) { reload_error_ = std::move(text); }

 private:
  std::vector<ThreadBeat> beats() const;
  void add_bus_beats(std::optional<std::uint64_t> bus_watch, std::vector<ThreadBeat>& beats) const;
  InstrumentStatus instrument_status(const InstrumentPart& part) const;
  ForwarderStatus forwarder_status() const;

  const Parts& parts_;
  const std::string agent_id_;
  const std::string spool_path_;
  const std::string delivery_;
  const bool discovers_;
  const proto::Clock& clock_;
  const std::int64_t started_utc_us_;
  const std::int64_t started_ns_;
  ProgressWatch watch_;
  SpoolRates rates_;
  std::vector<std::string> stuck_threads_;
  std::vector<std::string> restart_needed_;
  std::string reload_error_;
  MetricsStatus metrics_;
  ProcessUsage process_;
  std::vector<HealthReason> bus_findings_;
};

}  // namespace agent
