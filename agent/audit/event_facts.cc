// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/event_facts.h"

#include <nlohmann/json.hpp>

namespace agent {
namespace {

using Json = nlohmann::json;

std::optional<std::string> optional_text(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end() || at->is_null()) return std::nullopt;
  return at->get<std::string>();
}

std::optional<Interval> optional_interval(const Json& object, const char* first, const char* last) {
  const auto a = object.find(first);
  const auto b = object.find(last);
  if (a == object.end() || b == object.end() || a->is_null() || b->is_null()) return std::nullopt;
  const Interval interval{a->get<std::uint64_t>(), b->get<std::uint64_t>()};
  if (interval.last < interval.first) return std::nullopt;
  return interval;
}

GapFacts gap_from(const Json& event) {
  GapFacts gap;
  gap.reason = event.at("gap_reason").get<std::string>();
  if (const auto lane = optional_text(event, "lane")) gap.lane = proto::lane_from(*lane);
  gap.stream = event.at("stream").get<std::string>();
  gap.segment = proto::SegmentId(event.at("segment").get<std::uint32_t>());
  for (const Json& signal : event.at("signals")) {
    const auto name = signal.get<std::string>();
    gap.floats_missing = gap.floats_missing || name == "current" || name == "voltage";
  }
  gap.ids = optional_interval(event, "sample_id_first", "sample_id_last");
  gap.sequences = optional_interval(event, "sequence_first", "sequence_last");
  gap.duration_s = event.at("duration__s").get<double>();
  return gap;
}

ChainFacts chain_from(const Json& event) {
  ChainFacts chain;
  chain.stream = event.at("stream").get<std::string>();
  chain.previous_stream = optional_text(event, "previous_stream");
  const auto last = event.find("previous_last_sequence");
  if (last != event.end() && last->is_object()) {
    for (const auto& [name, sequence] : last->items()) {
      if (const auto lane = proto::lane_from(name)) {
        chain.previous_last[*lane] = proto::Sequence(sequence.get<std::uint64_t>());
      }
    }
  }
  return chain;
}

}  // namespace

std::optional<EventFacts> read_event(std::string_view json) try {
  const Json event = Json::parse(json);
  EventFacts facts;
  facts.type = event.at("event_type").get<std::string>();
  facts.device_id = optional_text(event, "device_id");
  if (facts.type == "gap") facts.gap = gap_from(event);
  if (facts.type == "agent_started") facts.chain = chain_from(event);
  return facts;
} catch (const Json::exception&) {
  return std::nullopt;
}

std::optional<TelemetryFacts> read_telemetry(std::string_view json) try {
  const Json record = Json::parse(json);
  const Json& auxiliary = record.at("auxiliary");
  TelemetryFacts facts;
  facts.device_id = record.at("device_id").get<std::string>();
  facts.test_id = record.at("test_id").get<std::string>();
  facts.record_number = record.at("record_number").get<std::uint64_t>();
  facts.epoch_us = record.at("epoch_us").get<std::int64_t>();
  facts.segment = proto::SegmentId(auxiliary.at("segment").get<std::uint32_t>());
  facts.ids = Interval{auxiliary.at("sample_id_first").get<std::uint64_t>(),
                       auxiliary.at("sample_id_last").get<std::uint64_t>()};
  facts.samples_seen = auxiliary.at("sample_count").get<std::uint64_t>();
  facts.samples_missing = auxiliary.at("samples_missing").get<std::uint64_t>();
  facts.charge_c = auxiliary.at("charge__C").get<double>();
  facts.energy_j = auxiliary.at("energy__J").get<double>();
  if (facts.ids.last < facts.ids.first) return std::nullopt;
  return facts;
} catch (const Json::exception&) {
  return std::nullopt;
}

}  // namespace agent
