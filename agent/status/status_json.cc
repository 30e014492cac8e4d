// SPDX-License-Identifier: Apache-2.0
#include "agent/status/status_json.h"

#include <nlohmann/json.hpp>

#include "proto/cloud_event.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

Json time_json(std::optional<std::int64_t> utc_us) {
  if (!utc_us || *utc_us == 0) return nullptr;
  return proto::rfc3339_us(*utc_us);
}

template <class T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json instrument_json(const InstrumentStatus& instrument) {
  const PipelineStatus& pipeline = instrument.pipeline;
  Json run = {{"test_id", pipeline.test_id},
              {"state", pipeline.run_state},
              {"step_number", pipeline.step_number},
              {"cycle_number", pipeline.cycle_number},
              {"records_total", pipeline.records_total},
              {"charge_c", pipeline.charge_c},
              {"energy_j", pipeline.energy_j}};
  return {{"instrument", instrument.id.to_string()},
          {"device_id", instrument.id.device_id()},
          {"state", instrument.state},
          {"state_since", time_json(instrument.state_since_utc_us)},
          {"explanation", instrument.explanation},
          {"released_until", time_json(instrument.released_until_utc_us)},
          {"firmware", instrument.firmware},
          {"discovered", instrument.discovered},
          {"float_signals", instrument.float_signals},
          {"value_rate_hz", instrument.value_rate_hz},
          {"telemetry_rate_hz", instrument.telemetry_rate_hz},
          {"waveform_rate", instrument.waveform_rate},
          {"values_total", pipeline.values_total},
          {"values_lost_total", pipeline.values_lost_total},
          {"gaps_total", pipeline.gaps_total},
          {"gaps_by_reason", pipeline.gaps_by_reason},
          {"last_gap_at", time_json(pipeline.last_gap_utc_us)},
          {"last_gap_reason", pipeline.last_gap_reason},
          {"last_sample_at", time_json(pipeline.last_sample_utc_us)},
          {"time_source", pipeline.time_source},
          {"time_uncertainty_s", pipeline.time_uncertainty_s},
          {"ids_in_memory", pipeline.ids_in_memory},
          {"memory_bytes", instrument.memory_bytes},
          {"memory_bytes_max", instrument.memory_bytes_max},
          {"opens_total", instrument.opens_total},
          {"losses_total", instrument.losses_total},
          {"transfers_total", instrument.bus.transfers},
          {"transfers_failed_total", instrument.bus.transfers_failed},
          {"claims_repeated_total", instrument.bus.claims_repeated},
          {"current_a", pipeline.current_a},
          {"voltage_v", pipeline.voltage_v},
          {"power_w", pipeline.power_w},
          {"run", std::move(run)}};
}

Json lane_json(const buffer::LaneTotals& totals) {
  return {{"rows", totals.rows},
          {"records", totals.records},
          {"bytes", totals.bytes},
          {"unacked_rows", totals.unacked_rows},
          {"unacked_records", totals.unacked_records},
          {"unacked_bytes", totals.unacked_bytes},
          {"oldest_unacked_at", time_json(totals.oldest_unacked_us)}};
}

Json spool_json(const SpoolStatus& spool) {
  const SpoolWriterStatus& writer = spool.writer;
  Json lanes = Json::object();
  for (const auto& [lane, totals] : writer.totals.lanes) {
    lanes[std::string(proto::to_string(lane))] = lane_json(totals);
  }
  return {{"path", spool.path},
          {"stream", spool.stream},
          {"file_bytes", writer.totals.file_bytes},
          {"wal_bytes", writer.totals.wal_bytes},
          {"quota_bytes", writer.totals.quota_bytes},
          {"disk_full", writer.totals.disk_full},
          {"unacked_rows", unacked_rows(spool)},
          {"unacked_bytes", unacked_bytes(spool)},
          {"oldest_unacked_at", time_json(oldest_unacked_us(spool))},
          {"latest_unacked", writer.totals.latest_unacked},
          {"append_bytes_per_s", spool.append_bytes_per_s},
          {"time_to_full_s", optional_json(spool.time_to_full_s)},
          {"commits_total", writer.commits_total},
          {"appended_rows_total", writer.appended_rows_total},
          {"evicted_rows_total", writer.evicted_rows_total},
          {"evicted_unacked_rows_total", spool.evicted_unacked_rows_total},
          {"evicted_unacked_values_total", spool.evicted_unacked_values_total},
          {"last_evicted_unacked_at", time_json(spool.last_evicted_unacked_utc_us)},
          {"last_commit_ms", writer.last_commit_ms},
          {"worst_commit_ms", writer.worst_commit_ms},
          {"last_error", writer.last_error},
          {"set_aside", spool.set_aside},
          {"damage", spool.damage},
          {"lanes", std::move(lanes)}};
}

Json kafka_json(const ForwarderStatus& kafka) {
  Json quarantined = Json::array();
  for (const QuarantinedBatch& batch : kafka.quarantined) {
    quarantined.push_back({{"ce_id", batch.ce_id}, {"reason", batch.reason}});
  }
  return {{"state", kafka.state},
          {"explanation", kafka.explanation},
          {"delivery", kafka.delivery},
          {"brokers", kafka.brokers},
          {"delivered_records_total", kafka.delivered_records_total},
          {"delivered_bytes_total", kafka.delivered_bytes_total},
          {"transactions_total", kafka.transactions_total},
          {"retried_total", kafka.retried_total},
          {"rebuilds_total", kafka.rebuilds_total},
          {"in_flight_records", kafka.in_flight_records},
          {"backoff_s", kafka.backoff_s},
          {"last_ack_at", time_json(kafka.last_ack_utc_us)},
          {"last_error", kafka.last_error},
          {"quarantined", std::move(quarantined)},
          {"topic_warnings", kafka.topic_warnings}};
}

Json metrics_json(const MetricsStatus& metrics) {
  return {{"listen", metrics.listen}, {"error", metrics.error}};
}

Json process_json(const ProcessUsage& process) {
  return {{"resident_memory_bytes", process.resident_memory_bytes},
          {"descriptors", process.descriptors},
          {"threads", process.threads},
          {"cpu_s", process.cpu_s}};
}

}  // namespace

std::string status_to_json(const AgentStatus& status, int indent) {
  Json reasons = Json::array();
  for (const HealthReason& reason : status.reasons) {
    reasons.push_back({{"severity", to_string(reason.severity)},
                       {"code", reason.code},
                       {"object", reason.object},
                       {"message", reason.message},
                       {"remedy", reason.remedy}});
  }
  Json instruments = Json::array();
  for (const InstrumentStatus& one : status.instruments) {
    instruments.push_back(instrument_json(one));
  }
  const Json out = {{"schema", 1},
                    {"agent_id", status.agent_id},
                    {"version", status.version},
                    {"pid", status.pid},
                    {"started_at", time_json(status.started_utc_us)},
                    {"updated_at", time_json(status.updated_utc_us)},
                    {"uptime_s", status.uptime_s},
                    {"health", to_string(status.health)},
                    {"reasons", std::move(reasons)},
                    {"restart_needed", status.restart_needed},
                    {"reload_error", status.reload_error},
                    {"stuck_threads", status.stuck_threads},
                    {"instruments", std::move(instruments)},
                    {"spool", spool_json(status.spool)},
                    {"kafka", kafka_json(status.kafka)},
                    {"metrics", metrics_json(status.metrics)},
                    {"process", process_json(status.process)}};
  return out.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace agent
