// SPDX-License-Identifier: Apache-2.0
// The way of the samples: block -> chunks -> interval and window -> record and rows -> sealed.
#include <algorithm>
#include <utility>

#include "agent/pipeline/gap_events.h"
#include "agent/pipeline/pipeline_impl.h"
#include "proto/check.h"
#include "proto/topics.h"

namespace agent {

void Pipeline::Impl::add_block(const proto::Block& block) {
  WS_CHECK(live_.has_value() && live_->segment == block.segment);
  WS_CHECK(block.current.values.size() == block.voltage.values.size());
  const std::uint32_t step = opened_->rates.ids_per_value;
  WS_CHECK(block.current.ids_per_value == step && block.voltage.ids_per_value == step);
  WS_CHECK(block.current.values.size() * step == block.id_count);
  WS_CHECK(block.first_id >= live_->position);
  if (block.first_id > live_->position) {  // a hole that the driver did not name is a loss, too
    add_gap(gap_of({live_->position, block.first_id}, live_->segment, live_->time));
  }
  live_->time = block.time;
  values_total_ += block.current.values.size();
  add_chunks(block);
  if (options_.waveform == WaveformMode::kFull) add_waveform_parts(block);
  tick();
}

// Up to the next border of an interval or window.
std::size_t Pipeline::Impl::chunk_size(std::size_t values_left) const {
  const std::uint32_t step = opened_->rates.ids_per_value;
  std::uint64_t size = std::min<std::uint64_t>(values_left, proto::kChunkSamplesMax);
  size = std::min(size, cutter_.values_left(live_->position, step));
  if (opened_->rates.window_ids > 0) {
    const std::uint64_t seen = live_->position.value() - live_->window_start.value();
    size = std::min(size, (opened_->rates.window_ids - seen) / step);
  }
  return static_cast<std::size_t>(size);
}

void Pipeline::Impl::add_chunks(const proto::Block& block) {
  const std::uint32_t step = opened_->rates.ids_per_value;
  std::vector<std::pair<std::size_t, CodeCursor>> duties;
  for (const proto::CodeColumn& column : block.codes) {
    WS_CHECK(column.signal_index < opened_->duty_of_signal.size());
    const auto duty = opened_->duty_of_signal[column.signal_index];
    if (duty.has_value()) duties.emplace_back(*duty, CodeCursor(column));
  }
  const std::span<const float> current = block.current.values;
  const std::span<const float> voltage = block.voltage.values;
  for (std::size_t at = 0; at < current.size();) {
    const std::size_t size = chunk_size(current.size() - at);
    WS_CHECK(size > 0);
    const proto::Summary summary = proto::summarize_chunk(
        current.subspan(at, size), voltage.subspan(at, size), opened_->telemetry.sums());
    opened_->telemetry.add(summary);
    for (auto& [index, cursor] : duties) {
      opened_->telemetry.add_duty(index, cursor.count_ones(size * step));
    }
    at += size;
    live_->position = live_->position + size * step;
    if (opened_->rates.window_ids > 0) {
      live_->window.merge(summary);
      const std::uint64_t seen = live_->position.value() - live_->window_start.value();
      if (seen >= opened_->rates.window_ids) cut_window();
    }
    if (cutter_.is_due(live_->position)) cut_interval(live_->position);
  }
}

void Pipeline::Impl::add_waveform_parts(const proto::Block& block) {
  WaveformBuilder& waveform = opened_->waveform;
  for (const IdSpan& part : waveform.parts_of(block)) {
    if (!waveform.has_room_for(block, part)) seal_waveform();
    if (waveform.empty()) waveform_since_ns_ = clock_.monotonic_ns();
    waveform.add_part(block, part);
  }
}

void Pipeline::Impl::add_gap(const proto::Gap& gap) {
  WS_CHECK(live_.has_value());
  EventEntry entry = sender_.entry();
  entry.now.tail->time = live_->time;
  if (!gap.ids.has_value() || !takes_samples(gap)) {
    entry.events.push_back(gap_event(device_id_, *entry.now.tail, std::nullopt, gap));
    sender_.send(std::move(entry));
    return;
  }
  WS_CHECK(live_->segment == gap.segment && gap.ids->first >= live_->position);
  proto::Gap whole = gap;
  // A host that slept for long enough to lose samples; what is lost in passing is the bus's.
  const bool is_long = whole.duration_s * 1e9 >= static_cast<double>(HostClock::kSleepMinNs);
  if (is_long && whole.reason == proto::GapReason::kUsbLoss && host_.take_sleep()) {
    whole.reason = proto::GapReason::kSuspend;
  }
  whole.ids->first = live_->position;  // whatever was skipped before it is lost as well
  const IdSpan missing = {whole.ids->first, whole.ids->last.next()};
  sender_.name_gap(entry, std::nullopt, std::move(whole));
  sender_.send(std::move(entry));
  skip(missing);
}

void Pipeline::Impl::skip(const IdSpan& missing) {
  cut_window();
  proto::SampleId from = missing.begin;
  if (missing.end >= cutter_.end()) {
    opened_->telemetry.add_missing(cutter_.end().value() - from.value());
    cut_interval(cutter_.end());
    from = cutter_.start_of_interval_with(missing.end);
    cutter_.begin(from);  // intervals that are lost as a whole have no record; the gap names them
  }
  opened_->telemetry.add_missing(missing.end.value() - from.value());
  live_->position = missing.end;
  live_->window_start = missing.end;
  step_has_ids_ = cycle_has_ids_ = true;
}

void Pipeline::Impl::cut_interval(proto::SampleId end) {
  const IdSpan span = {cutter_.start(), end};
  if (span.begin >= span.end) return;
  TestProgress& progress = run_state_.progress();
  TelemetryBuilder& builder = opened_->telemetry;
  const std::uint64_t arrived_ids = builder.arrived_values() * opened_->rates.ids_per_value;
  IntervalFacts facts;
  facts.span = span;
  facts.segment = live_->segment;
  facts.end_utc_us = live_->time.utc_ns(end) / 1000;
  facts.device_id = device_id_;
  facts.metadata_json = run_state_.metadata_json();
  const std::int64_t now_ns = clock_.monotonic_ns();
  if (const auto record = builder.finish(facts, progress); record.has_value()) {
    last_values_ = {record->voltage_v, record->current_a, record->power_w};
    group_.add(*record, progress,
               {live_->time.utc_ns(span.begin) / 1000, span.ids() - arrived_ids, now_ns});
  } else {
    const LaneLedger& ledger = sender_.now().lanes.at(proto::Lane::kTelemetry);
    if (invalid_.empty()) invalid_since_ns_ = now_ns;
    for (const IdSpan& invalid : ledger.open_within(span)) invalid_.add(invalid);
  }
  cutter_.begin(end);
  step_has_ids_ = cycle_has_ids_ = true;
  if (group_.is_full()) seal_telemetry();
}

void Pipeline::Impl::cut_window() {
  const std::uint64_t ids = live_->position.value() - live_->window_start.value();
  if (opened_->rates.window_ids > 0 && ids > 0) {
    WaveformBuilder& waveform = opened_->waveform;
    if (!waveform.has_room_for_window()) seal_waveform();
    if (waveform.empty()) waveform_since_ns_ = clock_.monotonic_ns();
    waveform.add_window({live_->window_start, static_cast<std::uint32_t>(ids), live_->window},
                        live_->time);
  }
  live_->window = proto::Summary();
  live_->window_start = live_->position;
}

void Pipeline::Impl::seal_telemetry() {
  if (group_.empty()) return;
  name_invalid();
  const IdSpan span = group_.span();
  const TestProgress progress = group_.progress();
  sender_.send_row(group_.seal(), span, &progress, live_->time);
}

void Pipeline::Impl::seal_waveform() {
  WaveformBuilder& waveform = opened_->waveform;
  if (waveform.empty()) return;
  const IdSpan span = waveform.span();
  proto::WaveformBatch batch;
  batch.device_id = device_id_;
  batch.test_id = run_state_.progress().test_id;
  batch.segment = live_->segment;
  batch.stream = events_.stream();
  batch.agent_id = options_.agent_id;
  batch.version = options_.version;
  batch.words = waveform.words();
  batch.rows = waveform.rows(span.begin.value() - live_->waveform_end.value());
  buffer::NewRow row;
  row.facts.lane = proto::Lane::kWaveform;
  row.facts.topic = proto::topic_name(options_.topic_prefix, proto::Topic::kWaveform);
  row.facts.key = device_id_ + "/" + batch.test_id;
  row.facts.device_id = device_id_;
  row.facts.segment = live_->segment;
  row.facts.id_first = span.begin;
  row.facts.id_last = span.end - 1;
  row.facts.id_count = waveform.ids();
  row.facts.t_first_us = waveform.first_utc_ns() / 1000;
  row.facts.t_last_us = waveform.end_utc_ns() / 1000;
  waveform_writer_.encode(batch, row.payload);
  WS_CHECK(row.payload.size() <= proto::kWaveformBytesMax);
  waveform.clear();
  if (sender_.send_row(std::move(row), span, nullptr, live_->time)) live_->waveform_end = span.end;
}

void Pipeline::Impl::name_invalid() {
  if (invalid_.empty()) return;
  EventEntry entry = sender_.entry();
  for (const IdSpan& span : invalid_.spans()) {
    proto::Gap gap = gap_of(span, live_->segment, live_->time);
    gap.reason = proto::GapReason::kInvalid;
    sender_.name_gap(entry, proto::Lane::kTelemetry, std::move(gap));
  }
  invalid_.clear();
  sender_.send(std::move(entry));
}

}  // namespace agent
