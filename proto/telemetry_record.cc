// SPDX-License-Identifier: Apache-2.0
#include "proto/telemetry_record.h"

#include <cmath>

#include "proto/check.h"
#include "proto/cloud_event.h"
#include "proto/json_writer.h"

namespace proto {
namespace {

constexpr std::string_view kSchema = "bench.telemetry/1";

// Null where the voltage did not move; also where it moved so little that the quotient is no
// double.
std::optional<double> differential(double increment_ah, double voltage_delta_v) {
  if (voltage_delta_v == 0) return std::nullopt;
  const double quotient = increment_ah / voltage_delta_v;
  if (!std::isfinite(quotient)) return std::nullopt;
  return quotient;
}

void write_identity(JsonWriter& json, const TelemetryRecord& record) {
  const std::string number = std::to_string(record.record_number.value());
  json.string_field("schema", kSchema)
      .string_field("event_id", record.device_id + "/" + record.test_id + "/" + number)
      .string_field("device_id", record.device_id)
      .string_field("test_id", record.test_id)
      .unsigned_field("cycle_number", record.cycle_number)
      .unsigned_field("step_number", record.step_number);
  if (record.step) {
    json.string_field("step_type", record.step->name).integer_field("step_id", record.step->id);
  } else {
    json.null_field("step_type").null_field("step_id");
  }
  json.id_field("record_number", record.record_number)
      .string_field("timestamp", rfc3339_us(record.end_utc_us))
      .integer_field("epoch_us", record.end_utc_us);
}

void write_interval(JsonWriter& json, const TelemetryRecord& record) {
  json.float_field("voltage__V", record.voltage_v)
      .float_field("current__A", record.current_a)
      .float_field("power__W", record.power_w)
      .float_field("duration__s", record.duration_s)
      .float_field("voltage_delta__V", record.voltage_delta_v)
      .float_field("current_delta__A", record.current_delta_a)
      .float_field("power_delta__W", record.power_delta_w)
      .float_field("capacity_charged__Ah", record.capacity_charged_ah)
      .float_field("capacity_discharged__Ah", record.capacity_discharged_ah)
      .float_field("energy_charged__Wh", record.energy_charged_wh)
      .float_field("energy_discharged__Wh", record.energy_discharged_wh)
      .nullable_float_field("differential_capacity_charged__Ah_V",
                            differential(record.capacity_charged_ah, record.voltage_delta_v))
      .nullable_float_field("differential_capacity_discharged__Ah_V",
                            differential(record.capacity_discharged_ah, record.voltage_delta_v));
}

void write_step(JsonWriter& json, const TelemetryRecord& record) {
  json.float_field("step_duration__s", record.step_duration_s)
      .float_field("step_capacity_charged__Ah", record.step_capacity_charged_ah)
      .float_field("step_capacity_discharged__Ah", record.step_capacity_discharged_ah)
      .float_field("step_energy_charged__Wh", record.step_energy_charged_wh)
      .float_field("step_energy_discharged__Wh", record.step_energy_discharged_wh);
}

void write_auxiliary(JsonWriter& json, const TelemetryRecord& record) {
  json.key("auxiliary")
      .begin_object()
      .unsigned_field("segment", record.segment.value())
      .unsigned_field("sample_count", record.sample_count)
      .unsigned_field("samples_missing", record.samples_missing)
      .unsigned_field("samples_invalid", record.samples_invalid)
      .id_field("sample_id_first", record.sample_id_first)
      .id_field("sample_id_last", record.sample_id_last)
      .float_field("charge__C", record.charge_c)
      .float_field("energy__J", record.energy_j);
  for (const auto& [name, value] : record.auxiliary) json.float_field(name, value);
  json.end_object();
}

}  // namespace

std::string to_json(const TelemetryRecord& record) {
  WS_CHECK(record.duration_s > 0 && record.record_number.value() > 0);
  JsonWriter json;
  json.begin_object();
  write_identity(json, record);
  write_interval(json, record);
  write_step(json, record);
  write_auxiliary(json, record);
  json.string_field("metadata", record.metadata_json);
  json.end_object();
  return json.take();
}

}  // namespace proto
