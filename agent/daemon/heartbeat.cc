// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/heartbeat.h"

#include "proto/topics.h"

namespace agent {

proto::AgentRecord agent_record(const AgentStatus& status, std::uint64_t values_evicted) {
  proto::AgentRecord record;
  record.agent_id = status.agent_id;
  record.version = status.version;
  record.utc_us = status.updated_utc_us;
  record.state = to_string(status.health);
  record.uptime_s = status.uptime_s;
  record.spool_bytes = status.spool.writer.totals.file_bytes;
  record.spool_quota_bytes = status.spool.writer.totals.quota_bytes;
  if (const auto oldest_us = oldest_unacked_us(status.spool)) {
    record.oldest_unsent_age_s = static_cast<double>(status.updated_utc_us - *oldest_us) / 1e6;
  }
  record.time_to_full_s = status.spool.time_to_full_s;
  record.delivered_total = status.kafka.delivered_records_total;
  record.retried_total = status.kafka.retried_total;
  record.rebuilds_total = status.kafka.rebuilds_total;
  record.samples_lost_total = values_evicted;
  for (const InstrumentStatus& instrument : status.instruments) {
    record.samples_lost_total += instrument.pipeline.values_lost_total;
  }
  record.backoff_s = status.kafka.backoff_s;
  if (!status.kafka.last_error.empty()) record.last_error = status.kafka.last_error;
  if (!status.spool.writer.last_error.empty()) record.last_error = status.spool.writer.last_error;
  return record;
}

Heartbeat::Heartbeat(const std::string& topic_prefix)
    : topic_(proto::topic_name(topic_prefix, proto::Topic::kAgent)) {}

std::optional<SpoolEntry> Heartbeat::due(const AgentStatus& status, std::uint64_t values_evicted,
                                         std::int64_t now_ns) {
  const std::int64_t period_ns = status.health == last_health_ ? kPeriodNs : kPeriodMinNs;
  if (last_ns_ && now_ns - *last_ns_ < period_ns) return std::nullopt;
  last_ns_ = now_ns;
  last_health_ = status.health;
  SpoolEntry entry;
  entry.latest.push_back({.topic = topic_,
                          .key = status.agent_id,
                          .value = proto::to_json(agent_record(status, values_evicted)),
                          .utc_us = status.updated_utc_us});
  return entry;
}

}  // namespace agent
