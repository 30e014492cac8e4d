// SPDX-License-Identifier: Apache-2.0
// bench.run.v1: written with every change of a run, read back after the loss of a spool.
#include <nlohmann/json.hpp>

#include "proto/cloud_event.h"
#include "proto/json_writer.h"
#include "proto/side_records.h"

namespace proto {
namespace {

using Json = nlohmann::json;

void write_labels(JsonWriter& json, const Labels& labels) {
  json.key("labels").begin_object();
  for (const auto& [name, value] : labels) json.string_field(name, value);
  json.end_object();
}

// These throw Json::exception when the field is missing or of another type.
std::optional<std::string> nullable_text(const Json& object, const char* name) {
  const Json& value = object.at(name);
  return value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
}

std::optional<RecordNumber> nullable_number(const Json& object, const char* name) {
  const Json& value = object.at(name);
  return value.is_null() ? std::nullopt : std::optional(RecordNumber(value.get<std::uint64_t>()));
}

std::optional<std::int64_t> time_of(const Json& object, const char* name) {
  return utc_us_from(object.at(name).get_ref<const std::string&>());
}

std::optional<RunRecord> record_from(const Json& object) {
  RunRecord record;
  record.device_id = object.at("device_id").get<std::string>();
  record.test_id = object.at("test_id").get<std::string>();
  record.state = object.at("state").get<std::string>();
  const bool is_state =
      record.state == "running" || record.state == "stopped" || record.state == "aborted";
  const auto started = time_of(object, "started_at");
  const auto updated = time_of(object, "updated_at");
  if (!is_state || !started || !updated) return std::nullopt;
  record.started_utc_us = *started;
  record.updated_utc_us = *updated;
  if (!object.at("ended_at").is_null()) {
    record.ended_utc_us = time_of(object, "ended_at");
    if (!record.ended_utc_us) return std::nullopt;
  }
  record.recipe_id = nullable_text(object, "recipe_id");
  record.recipe = nullable_text(object, "recipe");
  record.part_id = nullable_text(object, "part_id");
  record.part = nullable_text(object, "part");
  record.algorithm = nullable_text(object, "algorithm");
  record.algorithm_version = nullable_text(object, "algorithm_version");
  record.labels = object.at("labels").get<Labels>();
  record.input_rate_hz = object.at("input_rate__Hz").get<double>();
  record.output_rate_hz = object.at("output_rate__Hz").get<double>();
  record.current_sign = object.at("current_sign").get<std::string>();
  record.first_record_number = nullable_number(object, "first_record_number");
  record.last_record_number = nullable_number(object, "last_record_number");
  record.records_total = object.at("records_total").get<std::uint64_t>();
  record.samples_lost = object.at("samples_lost").get<std::uint64_t>();
  record.charge_c = object.at("charge__C").get<double>();
  record.energy_j = object.at("energy__J").get<double>();
  return record;
}

}  // namespace

std::string to_json(const RunRecord& record) {
  JsonWriter json;
  json.begin_object()
      .string_field("device_id", record.device_id)
      .string_field("test_id", record.test_id)
      .string_field("state", record.state)
      .string_field("started_at", rfc3339_us(record.started_utc_us));
  if (record.ended_utc_us) {
    json.string_field("ended_at", rfc3339_us(*record.ended_utc_us));
  } else {
    json.null_field("ended_at");
  }
  json.nullable_string_field("recipe_id", record.recipe_id)
      .nullable_string_field("recipe", record.recipe)
      .nullable_string_field("part_id", record.part_id)
      .nullable_string_field("part", record.part)
      .nullable_string_field("algorithm", record.algorithm)
      .nullable_string_field("algorithm_version", record.algorithm_version);
  write_labels(json, record.labels);
  json.float_field("input_rate__Hz", record.input_rate_hz)
      .float_field("output_rate__Hz", record.output_rate_hz)
      .string_field("current_sign", record.current_sign)
      .nullable_id_field("first_record_number", record.first_record_number)
      .nullable_id_field("last_record_number", record.last_record_number)
      .unsigned_field("records_total", record.records_total)
      .unsigned_field("samples_lost", record.samples_lost)
      .float_field("charge__C", record.charge_c)
      .float_field("energy__J", record.energy_j)
      .string_field("updated_at", rfc3339_us(record.updated_utc_us))
      .end_object();
  return json.take();
}

std::optional<RunRecord> run_from_json(std::string_view text) try {
  return record_from(Json::parse(text));
} catch (const Json::exception&) {
  return std::nullopt;
}

}  // namespace proto
