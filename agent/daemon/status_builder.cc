// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/status_builder.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/daemon/process_usage.h"
#include "agent/status/health.h"
#include "agent/version.h"

namespace agent {
namespace {

constexpr std::int64_t kCaughtUpUs = 5'000'000;

bool is_float(const proto::Signal& signal) { return !signal.unit.empty(); }

double float_rate_hz(const proto::DeviceInfo& info) {
  const auto at = std::find_if(info.signals.begin(), info.signals.end(), is_float);
  return at == info.signals.end() ? 0 : at->rate_hz;
}

}  // namespace

void SpoolRates::sample(std::int64_t now_ns, std::uint64_t pushed_bytes,
                        std::uint64_t unacked_bytes) {
  samples_.push_back({now_ns, pushed_bytes, unacked_bytes});
  while (now_ns - samples_.front().at_ns > kWindowNs) samples_.pop_front();
}

double SpoolRates::span_s() const {
  if (samples_.empty()) return 0;
  const std::int64_t span_ns = samples_.back().at_ns - samples_.front().at_ns;
  return span_ns < kSpanMinNs ? 0 : static_cast<double>(span_ns) / 1e9;
}

double SpoolRates::append_bytes_per_s() const {
  const double span = span_s();
  if (span == 0) return 0;
  return static_cast<double>(samples_.back().pushed_bytes - samples_.front().pushed_bytes) / span;
}

std::optional<double> SpoolRates::time_to_full_s(std::uint64_t capacity_bytes) const {
  const double span = span_s();
  if (span == 0) return std::nullopt;
  const std::uint64_t before = samples_.front().unacked_bytes;
  const std::uint64_t now = samples_.back().unacked_bytes;
  if (now <= before) return std::nullopt;
  const double growth = static_cast<double>(now - before) / span;
  return now >= capacity_bytes ? 0 : static_cast<double>(capacity_bytes - now) / growth;
}

StatusBuilder::StatusBuilder(const Parts& parts, const Config& config, const proto::Clock& clock,
                             ProgressLimits limits)
    : parts_(parts),
      agent_id_(config.settings.text("agent.id")),
      spool_path_(config.settings.text("spool.path")),
      delivery_(config.settings.text("forward.delivery")),
      discovers_(config.settings.text("usb.discover") == "auto"),
      clock_(clock),
      started_utc_us_(clock.utc_ns() / 1000),
      started_ns_(clock.monotonic_ns()),
      watch_(limits),
      process_(read_process_usage()) {}

void StatusBuilder::sample(std::optional<std::uint64_t> bus_watch) {
  const std::int64_t now_ns = clock_.monotonic_ns();
  process_ = read_process_usage();
  std::vector<ThreadBeat> threads = beats();
  add_bus_beats(bus_watch, threads);
  stuck_threads_ = watch_.observe(threads, now_ns);
  SpoolStatus spool;
  spool.writer = parts_.writer->status();
  rates_.sample(now_ns, parts_.pushed_bytes, unacked_bytes(spool));
}

std::vector<ThreadBeat> StatusBuilder::beats() const {
  std::vector<ThreadBeat> beats;
  std::uint64_t waiting_bytes = parts_.queue.bytes_of("");
  for (const InstrumentPart* instrument : parts_.instruments.all()) {
    const InstrumentWorkerStatus status = instrument->worker->status();
    waiting_bytes += parts_.queue.bytes_of(instrument->worker->id().device_id());
    beats.push_back({.thread = instrument->worker->id().to_string(),
                     .heartbeat = status.heartbeat,
                     .progress = status.pipeline.values_total,
                     .has_work = has_samples(status.state),
                     .patience = 1});
  }
  const SpoolWriterStatus writer = parts_.writer->status();
  // A commit that fails is told by its error; a restart would not mend the disk.
  beats.push_back({.thread = "spool writer",
                   .heartbeat = writer.heartbeat,
                   .progress = writer.commits_total,
                   .has_work = waiting_bytes > 0 && writer.last_error.empty(),
                   .patience = 1});
  if (parts_.forwarder) {
    // Whether it delivers depends on brokers, so its heartbeat must do; and one call to a broker
    // that is going away takes longer than a turn of any other thread.
    beats.push_back({.thread = "forwarder",
                     .heartbeat = parts_.forwarder->status().heartbeat,
                     .progress = 0,
                     .has_work = false,
                     .patience = 6});
  }
  return beats;
}

// Whether anything is plugged in or measures is no fault of theirs: they have heartbeats only.
void StatusBuilder::add_bus_beats(std::optional<std::uint64_t> bus_watch,
                                  std::vector<ThreadBeat>& beats) const {
  const auto add = [&](const char* thread, std::optional<std::uint64_t> heartbeat) {
    if (!heartbeat) return;
    beats.push_back({.thread = thread,
                     .heartbeat = *heartbeat,
                     .progress = 0,
                     .has_work = false,
                     .patience = 1});
  };
  add("usb watch", bus_watch);
  add("usb events", parts_.usb->heartbeat());
}

InstrumentStatus StatusBuilder::instrument_status(const InstrumentPart& part) const {
  const InstrumentWorkerStatus worker = part.worker->status();
  InstrumentStatus status;
  status.id = part.worker->id();
  status.state = to_string(worker.state);
  status.state_since_utc_us = worker.state_since_utc_us;
  status.explanation = worker.explanation;
  status.released_until_utc_us = worker.released_until_utc_us;
  status.firmware = worker.info.firmware;
  status.value_rate_hz = float_rate_hz(worker.info);
  status.float_signals = static_cast<std::uint32_t>(
      std::count_if(worker.info.signals.begin(), worker.info.signals.end(), is_float));
  status.telemetry_rate_hz = part.telemetry_rate_hz;
  status.waveform_rate = part.waveform_rate;
  status.opens_total = worker.opens_total;
  status.losses_total = worker.losses_total;
  status.bus = worker.bus;
  status.discovered = part.discovered;
  status.memory_bytes = parts_.queue.bytes_of(status.id.device_id());
  status.memory_bytes_max = part.ring_bytes;
  status.pipeline = worker.pipeline;
  return status;
}

ForwarderStatus StatusBuilder::forwarder_status() const {
  ForwarderStatus status;
  if (parts_.forwarder) {
    status = parts_.forwarder->status();
    const std::string trouble = parts_.lost_runs ? parts_.lost_runs->trouble() : std::string();
    if (!trouble.empty()) status.topic_warnings.push_back(trouble);
    return status;
  }
  status.state = "no broker configured";
  status.delivery = delivery_;
  return status;
}

AgentStatus StatusBuilder::build() const {
  AgentStatus status;
  status.agent_id = agent_id_;
  status.version = version();
  status.pid = getpid();
  status.started_utc_us = started_utc_us_;
  status.updated_utc_us = clock_.utc_ns() / 1000;
  status.uptime_s = static_cast<double>(clock_.monotonic_ns() - started_ns_) / 1e9;
  status.restart_needed = restart_needed_;
  status.stuck_threads = stuck_threads_;
  status.discovers = discovers_;
  status.bus_findings = bus_findings_;
  for (const InstrumentPart* part : parts_.instruments.all()) {
    status.instruments.push_back(instrument_status(*part));
  }
  status.spool.path = spool_path_;
  status.spool.stream = parts_.open_report.stream.to_hex();
  status.spool.writer = parts_.writer->status();
  status.spool.set_aside = parts_.open_report.set_aside;
  status.spool.damage = parts_.open_report.damage;
  const LossTotals evicted = parts_.losses.totals();
  status.spool.evicted_unacked_rows_total = evicted.rows;
  status.spool.evicted_unacked_values_total = evicted.values;
  status.spool.last_evicted_unacked_utc_us = evicted.last_utc_us;
  status.spool.append_bytes_per_s = rates_.append_bytes_per_s();
  // What waits for the next transaction goes up and down, and says nothing.
  const auto oldest_us = oldest_unacked_us(status.spool);
  if (oldest_us && status.updated_utc_us - *oldest_us > kCaughtUpUs) {
    status.spool.time_to_full_s = rates_.time_to_full_s(capacity_bytes(status.spool));
  }
  status.kafka = forwarder_status();
  status.reload_error = reload_error_.empty() ? status.kafka.reload_error : reload_error_;
  status.metrics = metrics_;
  status.process = process_;
  judge_health(status);
  return status;
}

}  // namespace agent
