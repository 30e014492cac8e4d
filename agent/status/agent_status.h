// SPDX-License-Identifier: Apache-2.0
// What the agent says of itself. One struct; JSON, the status screen, the STATUS= line and the
// heartbeat record are renderings of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/forward/forwarder.h"
#include "agent/pipeline/pipeline.h"
#include "agent/spool/spool_writer.h"
#include "drivers/instrument_driver.h"
#include "proto/instrument.h"
#include "proto/lane.h"

namespace agent {

// Ordered: the agent's health is the worst of its reasons.
enum class Health { kHealthy, kDegraded, kCritical };
std::string_view to_string(Health health);
std::optional<Health> health_from(std::string_view text);

// Why the agent is not healthy, and what a person can do. `code` is stable: monitoring matches it.
struct HealthReason {
  Health severity = Health::kDegraded;
  std::string code;     // "no_broker_configured"
  std::string object;   // "kafka.brokers", "js220/001234"
  std::string message;  // a sentence
  std::string remedy;   // "Try: ..." without the "Try: "
};

struct InstrumentStatus {
  proto::InstrumentId id;
  std::string state;  // to_string(InstrumentState)
  std::int64_t state_since_utc_us = 0;
  std::string explanation;                            // why it does not stream
  std::optional<std::int64_t> released_until_utc_us;  // released, and for a time
  std::string firmware;
  double value_rate_hz = 0;  // of a float signal; 0: not known yet
  std::uint32_t float_signals = 0;
  bool discovered = false;  // no [[instrument]] names it
  double telemetry_rate_hz = 0;
  std::string waveform_rate;  // off, "1kHz", full
  std::uint64_t opens_total = 0;
  std::uint64_t losses_total = 0;
  drivers::BusCounters bus;
  std::uint64_t memory_bytes = 0;  // sealed and not yet committed
  std::uint64_t memory_bytes_max = 0;
  PipelineStatus pipeline;
};

struct SpoolStatus {
  std::string path;
  std::string stream;  // hex
  SpoolWriterStatus writer;
  std::string set_aside;  // a damaged file found at the start; empty: none
  std::string damage;
  double append_bytes_per_s = 0;
  std::uint64_t evicted_unacked_rows_total = 0;    // of the evicted rows, those not delivered
  std::uint64_t evicted_unacked_values_total = 0;  // of float signals in them
  std::optional<std::int64_t> last_evicted_unacked_utc_us;
  std::optional<double> time_to_full_s;  // at the present rate; absent: the backlog does not grow
};

// What the process uses.
struct ProcessUsage {
  std::uint64_t resident_memory_bytes = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t threads = 0;
  double cpu_s = 0;  // user and system
};

// The endpoint that Prometheus asks.
struct MetricsStatus {
  std::string listen;  // off, or address and port
  std::string error;   // why it cannot be served there; empty: it is, or it is off
};

struct AgentStatus {
  std::string agent_id;
  std::string version;
  int pid = 0;
  std::int64_t started_utc_us = 0;
  std::int64_t updated_utc_us = 0;
  double uptime_s = 0;
  std::vector<std::string> restart_needed;  // changed keys that a reload could not apply
  std::string reload_error;                 // why the last reload is not in use; empty: it is
  std::vector<std::string> stuck_threads;   // whose heartbeat is not fresh
  bool discovers = false;                   // instruments on the bus need no [[instrument]]
  std::vector<HealthReason> bus_findings;   // devices on the bus that cannot be read
  std::vector<InstrumentStatus> instruments;
  SpoolStatus spool;
  ForwarderStatus kafka;
  MetricsStatus metrics;
  ProcessUsage process;
  Health health = Health::kHealthy;
  std::vector<HealthReason> reasons;  // worst first
};

// What the file may hold: its quota, or what it has reached when the disk gives no more.
std::uint64_t capacity_bytes(const SpoolStatus& spool);
std::uint64_t unacked_bytes(const SpoolStatus& spool);
std::uint64_t unacked_rows(const SpoolStatus& spool);
std::optional<std::int64_t> oldest_unacked_us(const SpoolStatus& spool);

}  // namespace agent
