// SPDX-License-Identifier: Apache-2.0
// Device and agent state: each value is the whole state of its key.
#include "proto/side_records.h"

#include "proto/cloud_event.h"
#include "proto/json_writer.h"

namespace proto {
namespace {

void write_signals(JsonWriter& json, const std::vector<Signal>& signals) {
  json.key("signals").begin_array();
  for (const Signal& signal : signals) {
    json.begin_object()
        .string_field("name", signal.name)
        .string_field("unit", signal.unit)
        .float_field("rate__Hz", signal.rate_hz)
        .unsigned_field("ids_per_value", signal.ids_per_value)
        .end_object();
  }
  json.end_array();
}

}  // namespace

std::string to_json(const DeviceRecord& record) {
  const DeviceInfo& info = record.info;
  JsonWriter json;
  json.begin_object()
      .string_field("device_id", info.id.device_id())
      .string_field("model", info.id.model)
      .string_field("serial", info.id.serial)
      .string_field("firmware", info.firmware)
      .string_field("hardware", info.hardware)
      .string_field("calibration", info.calibration)
      .nullable_string_field("site", record.site)
      .nullable_string_field("bench", record.bench)
      .nullable_string_field("bench_class", record.bench_class)
      .nullable_string_field("profile", record.profile)
      .string_field("agent_id", record.agent_id);
  write_signals(json, info.signals);
  json.string_field("updated_at", rfc3339_us(record.updated_utc_us)).end_object();
  return json.take();
}

std::string to_json(const AgentRecord& record) {
  JsonWriter json;
  json.begin_object()
      .string_field("agent_id", record.agent_id)
      .string_field("version", record.version)
      .string_field("timestamp", rfc3339_us(record.utc_us))
      .string_field("state", record.state)
      .float_field("uptime__s", record.uptime_s)
      .unsigned_field("spool_bytes", record.spool_bytes)
      .unsigned_field("spool_quota_bytes", record.spool_quota_bytes)
      .nullable_float_field("oldest_unsent_age__s", record.oldest_unsent_age_s)
      .nullable_float_field("time_to_full__s", record.time_to_full_s)
      .unsigned_field("delivered_total", record.delivered_total)
      .unsigned_field("retried_total", record.retried_total)
      .unsigned_field("rebuilds_total", record.rebuilds_total)
      .unsigned_field("samples_lost_total", record.samples_lost_total)
      .float_field("backoff__s", record.backoff_s)
      .nullable_string_field("last_error", record.last_error)
      .end_object();
  return json.take();
}

}  // namespace proto
