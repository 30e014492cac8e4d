// SPDX-License-Identifier: Apache-2.0
// bench.progress.v1: written and read back by the forwarder.
#include <nlohmann/json.hpp>

#include "proto/cloud_event.h"
#include "proto/json_writer.h"
#include "proto/side_records.h"

namespace proto {
namespace {

using Json = nlohmann::json;

// Throws Json::exception on a wrong type; absent on a name or number that is none of ours.
std::optional<std::map<Lane, Sequence>> lanes_from(const Json& object) {
  std::map<Lane, Sequence> next;
  for (const auto& [name, value] : object.get_ref<const Json::object_t&>()) {
    const auto lane = lane_from(name);
    if (!lane || !value.is_number_unsigned()) return std::nullopt;
    next.emplace(*lane, Sequence(value.get<std::uint64_t>()));
  }
  return next;
}

std::optional<ProgressRecord> record_from(const Json& object) {
  ProgressRecord record;
  record.agent_id = object.at("agent_id").get<std::string>();
  record.instance_id = object.at("instance_id").get<std::string>();
  record.host = object.at("host").get<std::string>();
  const auto started = utc_us_from(object.at("started_at").get_ref<const std::string&>());
  if (!started) return std::nullopt;
  record.started_utc_us = *started;
  const Json& streams = object.at("next_sequence");
  for (const auto& [hex, lanes] : streams.get_ref<const Json::object_t&>()) {
    const auto stream = StreamId::from_hex(hex);
    auto next = lanes_from(lanes);
    if (!stream || !next) return std::nullopt;
    record.next_sequence.emplace(*stream, std::move(*next));
  }
  return record;
}

}  // namespace

std::string to_json(const ProgressRecord& record) {
  JsonWriter json;
  json.begin_object()
      .string_field("agent_id", record.agent_id)
      .string_field("instance_id", record.instance_id)
      .string_field("host", record.host)
      .string_field("started_at", rfc3339_us(record.started_utc_us));
  json.key("next_sequence").begin_object();
  for (const auto& [stream, lanes] : record.next_sequence) {
    json.key(stream.to_hex()).begin_object();
    for (const auto& [lane, sequence] : lanes) json.id_field(to_string(lane), sequence);
    json.end_object();
  }
  json.end_object().end_object();
  return json.take();
}

std::optional<ProgressRecord> progress_from_json(std::string_view text) try {
  return record_from(Json::parse(text));
} catch (const Json::exception&) {
  return std::nullopt;
}

}  // namespace proto
