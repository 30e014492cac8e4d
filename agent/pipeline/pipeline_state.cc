// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/pipeline_state.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace agent {
namespace {

using Json = nlohmann::json;

// Inside this file a text that is not ours throws; outside it is an absent value.
class NotOurs : public std::exception {};

template <class T>
T need(std::optional<T> value) {
  if (!value.has_value()) throw NotOurs();
  return *std::move(value);
}

Json json_of(const StepSums& sums) {
  return {{"charge_in", sums.charge_in.to_text()},
          {"charge_out", sums.charge_out.to_text()},
          {"energy_in", sums.energy_in.to_text()},
          {"energy_out", sums.energy_out.to_text()},
          {"ids", sums.ids}};
}

proto::ExactSum sum_from(const Json& json) {
  return need(proto::ExactSum::from_text(json.get<std::string>()));
}

StepSums step_sums_from(const Json& json) {
  return {sum_from(json.at("charge_in")), sum_from(json.at("charge_out")),
          sum_from(json.at("energy_in")), sum_from(json.at("energy_out")),
          json.at("ids").get<std::uint64_t>()};
}

Json json_of(const TestProgress& progress) {
  Json json = {{"id", progress.test_id},
               {"cycle", progress.cycle_number},
               {"step", progress.step_number},
               {"last_record", progress.last_record},
               {"last_end_utc_us", progress.last_end_utc_us},
               {"step_sums", json_of(progress.step_sums)},
               {"charge", progress.charge.to_text()},
               {"energy", progress.energy.to_text()},
               {"values_lost", progress.values_lost}};
  if (progress.step) json["step_type"] = Json::array({progress.step->name, progress.step->id});
  if (progress.previous) {
    const RecordValues& values = *progress.previous;
    json["previous"] = Json::array({values.voltage_v, values.current_a, values.power_w});
  }
  return json;
}

TestProgress progress_from(const Json& json) {
  TestProgress progress;
  progress.test_id = json.at("id").get<std::string>();
  progress.cycle_number = json.at("cycle").get<std::uint32_t>();
  progress.step_number = json.at("step").get<std::uint32_t>();
  progress.last_record = json.at("last_record").get<std::uint64_t>();
  progress.last_end_utc_us = json.at("last_end_utc_us").get<std::int64_t>();
  progress.step_sums = step_sums_from(json.at("step_sums"));
  progress.charge = sum_from(json.at("charge"));
  progress.energy = sum_from(json.at("energy"));
  progress.values_lost = json.at("values_lost").get<std::uint64_t>();
  if (json.contains("step_type")) {
    const Json& type = json.at("step_type");
    progress.step = proto::StepType{type.at(0).get<std::string>(), type.at(1).get<int>()};
  }
  if (json.contains("previous")) {
    const Json& values = json.at("previous");
    progress.previous = RecordValues{values.at(0).get<double>(), values.at(1).get<double>(),
                                     values.at(2).get<double>()};
  }
  return progress;
}

Json json_of(const SegmentTail& tail) {
  return {{"stream", tail.stream.to_hex()},
          {"segment", tail.segment.value()},
          {"test_id", tail.test_id},
          {"ids_per_value", tail.ids_per_value},
          {"time",
           {{"id", tail.time.reference_id.value()},
            {"utc_ns", tail.time.reference_utc_ns},
            {"rate_hz", tail.time.rate_hz},
            {"source", static_cast<int>(tail.time.source)},
            {"uncertainty_ns", tail.time.uncertainty_ns}}}};
}

SegmentTail tail_from(const Json& json) {
  const Json& time = json.at("time");
  SegmentTail tail;
  tail.stream = need(proto::StreamId::from_hex(json.at("stream").get<std::string>()));
  tail.segment = proto::SegmentId(json.at("segment").get<std::uint32_t>());
  tail.test_id = json.at("test_id").get<std::string>();
  tail.ids_per_value = json.at("ids_per_value").get<std::uint32_t>();
  tail.time.reference_id = proto::SampleId(time.at("id").get<std::uint64_t>());
  tail.time.reference_utc_ns = time.at("utc_ns").get<std::int64_t>();
  tail.time.rate_hz = time.at("rate_hz").get<double>();
  tail.time.source = static_cast<proto::TimeSource>(time.at("source").get<int>());
  tail.time.uncertainty_ns = time.at("uncertainty_ns").get<std::uint64_t>();
  if (!(tail.time.rate_hz > 0) || tail.ids_per_value == 0) throw NotOurs();
  return tail;
}

Json json_of(const LaneLedger& lane) {
  Json named = Json::array();
  for (const IdSpan& span : lane.named.spans()) {
    named.push_back({span.begin.value(), span.end.value()});
  }
  return {{"next", lane.next.value()}, {"named", std::move(named)}};
}

LaneLedger lane_from(const Json& json) {
  LaneLedger lane;
  lane.begin(proto::SampleId(json.at("next").get<std::uint64_t>()));
  for (const Json& span : json.at("named")) {
    lane.name({proto::SampleId(span.at(0).get<std::uint64_t>()),
               proto::SampleId(span.at(1).get<std::uint64_t>())});
  }
  return lane;
}

struct TextField {
  const char* name;
  std::optional<std::string> StartRun::*member;
};
constexpr TextField kRunTexts[] = {
    {"recipe_id", &StartRun::recipe_id}, {"recipe", &StartRun::recipe},
    {"part_id", &StartRun::part_id},     {"part", &StartRun::part},
    {"algorithm", &StartRun::algorithm}, {"algorithm_version", &StartRun::algorithm_version}};

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Read>
auto parsed(const std::string& text, Read read) -> std::optional<decltype(read(Json()))> {
  try {
    return read(Json::parse(text));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string to_text(const PipelineNow& now) {
  Json json = {{"test", json_of(now.progress)}, {"lanes", Json::object()}};
  if (now.tail) json["tail"] = json_of(*now.tail);
  for (const auto& [lane, ledger] : now.lanes) {
    json["lanes"][std::string(to_string(lane))] = json_of(ledger);
  }
  return dump(json);
}

std::string to_text(const SavedRun& saved) {
  const StartRun& request = saved.run.request;
  Json json = {{"test_id", request.test_id},
               {"started_utc_us", saved.run.started_utc_us},
               {"labels", request.labels},
               {"metadata", saved.metadata_json}};
  for (const TextField& field : kRunTexts) {
    if (request.*field.member) json[field.name] = *(request.*field.member);
  }
  return dump(json);
}

std::string to_text(const std::deque<std::string>& test_ids) { return dump(Json(test_ids)); }

std::optional<PipelineNow> now_from_text(const std::string& text) {
  return parsed(text, [](const Json& json) {
    PipelineNow now;
    now.progress = progress_from(json.at("test"));
    if (json.contains("tail")) now.tail = tail_from(json.at("tail"));
    for (const auto& [name, ledger] : json.at("lanes").items()) {
      now.lanes[need(proto::lane_from(name))] = lane_from(ledger);
    }
    return now;
  });
}

std::optional<SavedRun> run_from_text(const std::string& text) {
  return parsed(text, [](const Json& json) {
    SavedRun saved;
    StartRun& request = saved.run.request;
    request.test_id = json.at("test_id").get<std::string>();
    request.labels = json.at("labels").get<proto::Labels>();
    saved.run.started_utc_us = json.at("started_utc_us").get<std::int64_t>();
    saved.metadata_json = json.at("metadata").get<std::string>();
    for (const TextField& field : kRunTexts) {
      if (json.contains(field.name)) {
        request.*field.member = json.at(field.name).get<std::string>();
      }
    }
    return saved;
  });
}

std::optional<std::deque<std::string>> tests_from_text(const std::string& text) {
  return parsed(text, [](const Json& json) { return json.get<std::deque<std::string>>(); });
}

}  // namespace agent
