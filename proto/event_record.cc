// SPDX-License-Identifier: Apache-2.0
// bench.event.v1: a gap and the chain of streams are fields of their own, so that a loss can be
// counted without parsing text.
#include "proto/cloud_event.h"
#include "proto/json_writer.h"
#include "proto/side_records.h"

namespace proto {
namespace {

void write_gap(JsonWriter& json, const GapDetail& detail) {
  const Gap& gap = detail.gap;
  json.string_field("gap_reason", to_string(gap.reason));
  if (detail.lane) {
    json.string_field("lane", to_string(*detail.lane));
  } else {
    json.null_field("lane");
  }
  json.string_field("stream", detail.stream.to_hex())
      .unsigned_field("segment", gap.segment.value());
  json.key("signals").begin_array();
  for (const std::string& signal : gap.signals) json.string(signal);
  json.end_array();
  if (gap.ids) {
    json.id_field("sample_id_first", gap.ids->first).id_field("sample_id_last", gap.ids->last);
  } else {
    json.null_field("sample_id_first").null_field("sample_id_last");
  }
  json.nullable_id_field("sequence_first", detail.sequence_first)
      .nullable_id_field("sequence_last", detail.sequence_last)
      .unsigned_field("samples_lost", detail.samples_lost)
      .float_field("duration__s", gap.duration_s)
      .float_field("duration_uncertainty__s", gap.duration_uncertainty_s);
}

void write_chain(JsonWriter& json, const StreamChain& chain) {
  json.string_field("stream", chain.stream.to_hex());
  if (chain.previous_stream) {
    json.string_field("previous_stream", chain.previous_stream->to_hex());
  } else {
    json.null_field("previous_stream");
  }
  json.key("previous_last_sequence").begin_object();
  for (const auto& [lane, sequence] : chain.previous_last_sequence) {
    json.id_field(to_string(lane), sequence);
  }
  json.end_object();
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      break;
  }
  return "error";
}

}  // namespace

std::string to_json(const EventRecord& record) {
  JsonWriter json;
  json.begin_object()
      .string_field("event_id", record.event_id)
      .string_field("timestamp", rfc3339_us(record.utc_us))
      .integer_field("epoch_us", record.utc_us)
      .nullable_string_field("device_id", record.device_id)
      .nullable_string_field("test_id", record.test_id)
      .string_field("event_type", record.event_type.word())
      .string_field("severity", to_string(record.severity))
      .nullable_id_field("record_number", record.record_number)
      .string_field("message", record.message)
      .nullable_float_field("value", record.value)
      .nullable_float_field("threshold", record.threshold)
      .string_field("context", record.context_json);
  if (record.gap) write_gap(json, *record.gap);
  if (record.chain) write_chain(json, *record.chain);
  json.end_object();
  return json.take();
}

}  // namespace proto
