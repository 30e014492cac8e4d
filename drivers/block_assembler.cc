// SPDX-License-Identifier: Apache-2.0
#include "drivers/block_assembler.h"

#include <algorithm>
#include <utility>

#include "proto/check.h"

namespace drivers {

using proto::SampleId;

BlockAssembler::BlockAssembler(AssemblerOptions options, TimeTracker& time)
    : options_(std::move(options)),
      time_(time),
      current_(options_.ids_per_float, kFloatsWaitingMax),
      voltage_(options_.ids_per_float, kFloatsWaitingMax),
      code_gaps_(options_.codes.size()) {
  for (const CodeSignal& signal : options_.codes) {
    codes_.emplace_back(kRunsWaitingMax);
    block_.codes.push_back({.ids_per_value = 1, .signal_index = signal.signal_index, .runs = {}});
    block_.codes.back().runs.reserve(1024);
  }
  for (proto::FloatColumn* column : {&block_.current, &block_.voltage}) {
    column->ids_per_value = options_.ids_per_float;
    column->values.reserve(proto::kBlockValuesMax);
  }
  if (options_.words) {
    words_.emplace(options_.ids_per_float, kFloatsWaitingMax);
    block_.words.reserve(proto::kBlockValuesMax);
  }
  missing_.reserve(64);
}

void BlockAssembler::advance(std::int64_t arrival_monotonic_ns, DriverSink& sink) {
  if (!position_ && !start_segment(sink)) return;
  while (skip_hole(sink)) {
    const std::uint64_t code_values =
        (codes_end().value() - position_->value()) / options_.ids_per_float;
    const std::uint64_t values = std::min({std::uint64_t{current_.contiguous_values()},
                                           std::uint64_t{voltage_.contiguous_values()}, code_values,
                                           proto::kBlockValuesMax - block_.current.values.size()});
    if (values == 0) break;
    if (block_.current.values.empty()) block_arrival_ns_ = arrival_monotonic_ns;
    block_.arrival_monotonic_ns = arrival_monotonic_ns;
    append(static_cast<std::uint32_t>(values), sink);
    if (block_.current.values.size() == proto::kBlockValuesMax) emit(sink);
  }
  emit_aged(arrival_monotonic_ns, sink);
}

void BlockAssembler::emit_aged(std::int64_t now_monotonic_ns, DriverSink& sink) {
  if (now_monotonic_ns - block_arrival_ns_ >= kBlockAgeNs) emit(sink);
}

void BlockAssembler::flush(DriverSink& sink) {
  emit(sink);
  for (std::size_t i = 0; i < codes_.size(); ++i) close_code_gap(i, sink);
}

void BlockAssembler::cut() {
  WS_CHECK(block_.current.values.empty());
  announce_ = true;
}

void BlockAssembler::restart() {
  clear_block();
  current_.clear();
  voltage_.clear();
  if (words_) words_->clear();
  for (CodeQueue& queue : codes_) queue.clear();
  for (auto& gap : code_gaps_) gap.reset();
  position_.reset();
  announce_ = true;
}

// A segment begins where all signals have arrived. A code that does not come is not waited for.
bool BlockAssembler::start_segment(DriverSink& sink) {
  if (current_.empty() || voltage_.empty()) return false;
  SampleId first = std::max(current_.first_id(), voltage_.first_id());
  const SampleId end = std::min(current_.end_id(), voltage_.end_id());
  for (const CodeQueue& queue : codes_) {
    const bool waited = first + kCodeLagIdsMax < end;
    if (queue.empty() && !waited) return false;
    if (queue.empty()) continue;
    if (queue.first_id() > first) {
      const std::uint64_t ids = queue.first_id().value() - first.value();
      const std::uint64_t per_float = options_.ids_per_float;
      first = first + (ids + per_float - 1) / per_float * per_float;
    }
  }
  current_.drop_before(first);
  voltage_.drop_before(first);
  if (current_.empty() || voltage_.empty()) return false;
  // A hole at the very start belongs to no segment.
  if (current_.first_id() != voltage_.first_id()) return start_segment(sink);
  position_ = current_.first_id();
  announce_segment(sink);
  return true;
}

// Brings both floats to the next id that both have; false when that one is not there yet.
bool BlockAssembler::skip_hole(DriverSink& sink) {
  current_.drop_before(*position_);
  voltage_.drop_before(*position_);
  while (!current_.empty() && !voltage_.empty() && current_.first_id() != voltage_.first_id()) {
    const SampleId both = std::max(current_.first_id(), voltage_.first_id());
    current_.drop_before(both);
    voltage_.drop_before(both);
  }
  if (current_.empty() || voltage_.empty()) return false;
  const SampleId next = current_.first_id();
  if (next == *position_) return true;
  emit(sink);
  for (std::size_t i = 0; i < codes_.size(); ++i) close_code_gap(i, sink);
  if (announce_) announce_segment(sink);
  proto::Gap gap = make_gap({*position_, next - 1}, time_.piece_at(*position_).utc_ns(*position_));
  gap.signals = options_.float_names;
  for (const CodeSignal& signal : options_.codes) gap.signals.push_back(signal.name);
  sink.on_gap(gap);
  position_ = next;
  return true;
}

void BlockAssembler::append(std::uint32_t values, DriverSink& sink) {
  if (block_.current.values.empty()) {
    if (announce_) announce_segment(sink);
    block_.segment = segment_;
    block_.first_id = *position_;
    block_.time = time_.piece_at(*position_);
  }
  current_.take(values, block_.current.values);
  voltage_.take(values, block_.voltage.values);
  if (words_) {
    words_->drop_before(*position_);
    WS_CHECK(!words_->empty() && words_->first_id() == *position_);
    words_->take(values, block_.words);
  }
  const SampleId end = *position_ + std::uint64_t{values} * options_.ids_per_float;
  append_codes(end, sink);
  position_ = end;
  block_.id_count = end.value() - block_.first_id.value();
}

void BlockAssembler::append_codes(SampleId end, DriverSink& sink) {
  for (std::size_t i = 0; i < codes_.size(); ++i) {
    missing_.clear();
    codes_[i].take(*position_, end, block_.codes[i].runs, missing_);
    for (const proto::IdRange& ids : missing_) {
      if (code_gaps_[i] && code_gaps_[i]->ids.last.next() == ids.first) {
        code_gaps_[i]->ids.last = ids.last;
        continue;
      }
      close_code_gap(i, sink);
      code_gaps_[i] = OpenGap{ids, block_.time.utc_ns(ids.first)};
    }
    // One that reaches the end may go on in the next values.
    if (code_gaps_[i] && code_gaps_[i]->ids.last.next() != end) close_code_gap(i, sink);
  }
}

SampleId BlockAssembler::codes_end() const {
  const SampleId floats_end = std::max(current_.end_id(), voltage_.end_id());
  SampleId end = floats_end;
  for (const CodeQueue& queue : codes_) {
    const bool given_up = queue.end_id() + kCodeLagIdsMax < floats_end;
    if (!given_up) end = std::min(end, queue.end_id());
  }
  return std::max(end, *position_);
}

void BlockAssembler::emit(DriverSink& sink) {
  if (block_.current.values.empty()) return;
  sink.on_block(block_);
  clear_block();
}

void BlockAssembler::clear_block() {
  block_.current.values.clear();
  block_.voltage.values.clear();
  block_.words.clear();
  for (proto::CodeColumn& column : block_.codes) column.runs.clear();
}

void BlockAssembler::announce_segment(DriverSink& sink) {
  segment_ = segment_.next();
  announce_ = false;
  sink.on_segment(
      {.segment = segment_, .first_id = *position_, .time = time_.piece_at(*position_)});
}

void BlockAssembler::close_code_gap(std::size_t index, DriverSink& sink) {
  if (!code_gaps_[index]) return;
  proto::Gap gap = make_gap(code_gaps_[index]->ids, code_gaps_[index]->start_utc_ns);
  gap.signals = {options_.codes[index].name};
  code_gaps_[index].reset();
  sink.on_gap(gap);
}

proto::Gap BlockAssembler::make_gap(const proto::IdRange& ids, std::int64_t start_utc_ns) const {
  return {.reason = proto::GapReason::kUsbLoss,
          .segment = segment_,
          .signals = {},
          .ids = ids,
          .start_utc_ns = start_utc_ns,
          .duration_s = static_cast<double>(ids.count()) / options_.sample_id_rate_hz};
}

}  // namespace drivers
