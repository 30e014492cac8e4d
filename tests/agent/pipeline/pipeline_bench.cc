// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/pipeline/pipeline_bench.h"

#include <gtest/gtest.h>

#include <utility>

#include "proto/record_group.h"

namespace agent::test {

PipelineBench::PipelineBench(double value_rate_hz) {
  options.agent_id = "bench-07";
  options.version = "1.2.3";
  options.site = "lab";
  info.id = {"js220", "001234"};
  info.firmware = "1.3.0";
  info.sample_id_rate_hz = 2 * value_rate_hz;
  info.signals = {{"current", "A", value_rate_hz, 2},
                  {"voltage", "V", value_rate_hz, 2},
                  {"current_range", "", 2 * value_rate_hz, 1},
                  {"gpi0", "", 2 * value_rate_hz, 1}};
  clock.set_utc(kStart_ns);
  set_counter(proto::SampleId(1000));
}

void PipelineBench::ASSERT_OK(bool ok) {
  if (!ok) throw std::runtime_error("a step of the script failed");
}

void PipelineBench::set_counter(proto::SampleId id) {
  position_ = id;
  time_ = {id, clock.utc_ns(), info.sample_id_rate_hz, proto::TimeSource::kInstrument, 1000};
}

void PipelineBench::start() {
  pipeline.reset();
  proto::StreamId::Bytes bytes{};
  bytes.fill(++streams_);
  stream_ = proto::StreamId(bytes);
  segment_ = proto::SegmentId();
  factory = std::make_unique<EventFactory>(stream_, options.agent_id, options.topic_prefix);
  const auto keep = [this](SpoolEntry&& entry) {
    if (tap) tap(entry);
    if (!keeps_rows) entry.rows.clear();
    entries_.push_back(std::move(entry));
    return true;
  };
  const auto try_keep = [this, keep](SpoolEntry&& entry) {
    return !queue_is_full && keep(std::move(entry));
  };
  pipeline = std::make_unique<Pipeline>(options, info.id, state(),
                                        PipelineLinks{clock, *factory, try_keep, keep});
}

void PipelineBench::crash(std::size_t entries_lost) {
  pipeline.reset();
  while (entries_lost-- > 0 && !entries_.empty()) entries_.pop_back();
}

void PipelineBench::begin_segment() {
  segment_ = segment_.next();
  pipeline->on_segment({segment_, position_, time_});
}

void PipelineBench::pass(std::size_t values) {
  position_ = position_ + 2 * values;
  clock.advance(
      static_cast<std::int64_t>(2e9 * static_cast<double>(values) / info.sample_id_rate_hz));
}

void PipelineBench::add(std::size_t values,
                        const std::function<Sample(std::uint64_t value_index)>& sample) {
  proto::Block block;
  block.segment = segment_;
  block.first_id = position_;
  block.id_count = 2 * values;
  block.time = time_;
  block.current.ids_per_value = block.voltage.ids_per_value = 2;
  proto::CodeColumn range = {1, 2, {{3, static_cast<std::uint32_t>(2 * values)}}};
  proto::CodeColumn gpi = {1, 3, {}};
  for (std::size_t k = 0; k < values; ++k) {
    const std::uint64_t index = position_.value() / 2 + k;
    const Sample one = sample(index);
    block.current.values.push_back(one.current);
    block.voltage.values.push_back(one.voltage);
    const std::uint32_t level = index % 4 == 0 ? 1 : 0;  // duty 0.25
    gpi.runs.push_back({level, 2});
  }
  block.codes = {std::move(range), std::move(gpi)};
  pass(values);
  pipeline->on_block(block);
}

void PipelineBench::lose(std::size_t values) {
  proto::Gap gap;
  gap.segment = segment_;
  gap.signals = {"current", "voltage", "current_range", "gpi0"};
  gap.ids = proto::IdRange{position_, position_ + (2 * values - 1)};
  gap.start_utc_ns = time_.utc_ns(position_);
  gap.duration_s = 2 * static_cast<double>(values) / info.sample_id_rate_hz;
  pass(values);
  pipeline->on_gap(gap);
}

RunReply PipelineBench::run(const RunCommand& command) {
  auto reply = pipeline->execute(command);
  if (!reply) throw std::runtime_error(reply.error().message());
  return *reply;
}

SavedState PipelineBench::state() const {
  SavedState state;
  for (const SpoolEntry& entry : entries_) {
    for (const buffer::StateChange& change : entry.state) {
      if (change.value) {
        state[change.key] = *change.value;
      } else {
        state.erase(change.key);
      }
    }
  }
  return state;
}

std::vector<buffer::NewRow> PipelineBench::rows(proto::Lane lane) const {
  std::vector<buffer::NewRow> rows;
  for (const SpoolEntry& entry : entries_) {
    for (const buffer::NewRow& row : entry.rows) {
      if (row.facts.lane == lane) rows.push_back(row);
    }
  }
  return rows;
}

std::vector<std::string> PipelineBench::texts(proto::Lane lane) const {
  std::vector<std::string> all;
  for (const buffer::NewRow& row : rows(lane)) {
    const auto records = proto::decode_record_group(row.payload);
    ASSERT_OK(records.has_value() && records->size() == row.facts.count);
    for (const proto::GroupedRecord& record : *records) all.push_back(record.value);
  }
  return all;
}

std::vector<Json> PipelineBench::json_of(proto::Lane lane) const {
  std::vector<Json> all;
  for (const std::string& text : texts(lane)) all.push_back(Json::parse(text));
  return all;
}

std::vector<Json> PipelineBench::records() const { return json_of(proto::Lane::kTelemetry); }

std::vector<Json> PipelineBench::events(const std::string& type) const {
  std::vector<Json> events = json_of(proto::Lane::kEvent);
  std::erase_if(events,
                [&](const Json& event) { return !type.empty() && event.at("event_type") != type; });
  return events;
}

std::vector<proto::DecodedRow> PipelineBench::waveform() const {
  std::vector<proto::DecodedRow> all;
  for (const buffer::NewRow& row : rows(proto::Lane::kWaveform)) {
    auto decoded = proto::decode_waveform(row.payload);
    ASSERT_OK(decoded.has_value());
    for (proto::DecodedRow& one : decoded->rows) all.push_back(std::move(one));
  }
  return all;
}

std::map<std::string, Json> PipelineBench::latest() const {
  std::map<std::string, Json> latest;
  for (const SpoolEntry& entry : entries_) {
    for (const buffer::LatestValue& value : entry.latest) {
      latest[value.topic + " " + value.key] = Json::parse(value.value);
    }
  }
  return latest;
}

}  // namespace agent::test
