// SPDX-License-Identifier: Apache-2.0
// Of the agent and its process.
#include <array>
#include <map>

#include "agent/metrics/metric_table.h"

namespace agent {
namespace {

using enum MetricType;

constexpr MetricSpec kBuildInfo = {"wattspool_build_info", kGauge, "agent_id version",
                                   "1; the labels say who answers"};
constexpr MetricSpec kHealthReasons = {"wattspool_health_reasons", kGauge, "code",
                                       "reasons of this code in the status, where there are any"};

constexpr std::array kRows = {
    MetricRow<AgentStatus>{
        {"wattspool_started_timestamp_seconds", kGauge, "", "start of the process"},
        [](const AgentStatus& status) { return timestamp_seconds(status.started_utc_us); }},
    MetricRow<AgentStatus>{
        {"wattspool_status_timestamp_seconds", kGauge, "", "when these numbers were taken"},
        [](const AgentStatus& status) { return timestamp_seconds(status.updated_utc_us); }},
    MetricRow<AgentStatus>{{"wattspool_health_severity", kGauge, "",
                            "0 healthy, 1 degraded, 2 critical: the worst of the reasons"},
                           [](const AgentStatus& status) { return number(status.health); }},
    MetricRow<AgentStatus>{
        {"wattspool_stuck_threads", kGauge, "", "threads without heartbeat or progress"},
        [](const AgentStatus& status) { return number(status.stuck_threads.size()); }},
    MetricRow<AgentStatus>{
        {"wattspool_restart_needed_keys", kGauge, "", "changed keys that a reload cannot apply"},
        [](const AgentStatus& status) { return number(status.restart_needed.size()); }},
};

constexpr std::array kProcessRows = {
    MetricRow<ProcessUsage>{
        {"process_cpu_seconds_total", kCounter, "", "user and system time of the process"},
        [](const ProcessUsage& usage) { return number(usage.cpu_s); }},
    MetricRow<ProcessUsage>{
        {"process_resident_memory_bytes", kGauge, "", "memory that the process has in RAM"},
        [](const ProcessUsage& usage) { return number(usage.resident_memory_bytes); }},
    MetricRow<ProcessUsage>{{"process_open_fds", kGauge, "", "open descriptors"},
                            [](const ProcessUsage& usage) { return number(usage.descriptors); }},
    MetricRow<ProcessUsage>{{"process_threads", kGauge, "", "threads"},
                            [](const ProcessUsage& usage) { return number(usage.threads); }},
};

}  // namespace

void append_agent_metrics(std::vector<MetricFamily>& out, const AgentStatus& status) {
  MetricFamily& info = out.emplace_back(MetricFamily{kBuildInfo, {}});
  info.samples.push_back({{{"agent_id", status.agent_id}, {"version", status.version}}, 1});
  append_families<AgentStatus>(out, kRows, {{{}, &status}});
  MetricFamily& reasons = out.emplace_back(MetricFamily{kHealthReasons, {}});
  std::map<std::string, int> counts;
  for (const HealthReason& reason : status.reasons) ++counts[reason.code];
  for (const auto& [code, count] : counts) {
    reasons.samples.push_back({{{"code", code}}, static_cast<double>(count)});
  }
  append_families<ProcessUsage>(out, kProcessRows, {{{}, &status.process}});
}

}  // namespace agent
