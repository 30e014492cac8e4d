// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/waveform_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "proto/check.h"

namespace agent {
namespace {

// Offsets, names, times and the padding of a row's buffers.
constexpr std::size_t kRowBytes = 512;
constexpr std::size_t kSignalsPerStretch = 3;
constexpr std::size_t kListsPerSignal = 4;
constexpr std::size_t kWindowBytes = kSignalsPerStretch * kListsPerSignal * sizeof(float);

std::uint64_t values_in(const proto::CodeColumn& column, std::uint64_t ids) {
  return ids / column.ids_per_value;
}

// A window without a valid sample has no mean: NaN, which Arrow can hold.
float or_nan(const proto::Moments& moments, double value) {
  return moments.count == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value);
}

}  // namespace

WaveformBuilder::WaveformBuilder(const Rates& rates, const proto::DeviceInfo& info)
    : rates_(rates),
      signals_(info.signals),
      words_(rates.window_ids == 0 ? proto::words_origin(info) : proto::WordsOrigin()),
      raw_bytes_max_(kBatchRawBytesMax - words_.signals.size() - words_.calibration.size()) {
  WS_CHECK(words_.signals.size() + words_.calibration.size() < kBatchRawBytesMax / 2);
}

std::int64_t WaveformBuilder::first_utc_ns() const {
  return rows_.empty() ? 0 : rows_.front().facts.utc_ns;
}

std::size_t WaveformBuilder::cost_of(const proto::Block& block, const IdSpan& part) const {
  const std::size_t values = part.ids() / rates_.ids_per_value;
  static_assert(sizeof(float) == sizeof(block.words[0]));
  const std::size_t rows = words_.empty() ? 2 : 1;
  std::size_t cost = rows * (values * sizeof(float) + kRowBytes);
  for (const proto::CodeColumn& column : block.codes) {
    if (!has_row_of(column)) continue;
    const std::size_t runs =
        std::min<std::size_t>(column.runs.size(), values_in(column, part.ids()));
    cost += runs * sizeof(proto::CodeRun) + kRowBytes;
  }
  return cost;
}

void WaveformBuilder::split(const proto::Block& block, const IdSpan& part,
                            std::vector<IdSpan>& parts) const {
  std::uint64_t grain = rates_.ids_per_value;
  for (const proto::CodeColumn& column : block.codes) {
    grain = std::lcm(grain, std::uint64_t{column.ids_per_value});
  }
  const std::uint64_t half = part.ids() / 2 / grain * grain;
  if (cost_of(block, part) <= raw_bytes_max_ || half == 0) {
    parts.push_back(part);
    return;
  }
  split(block, {part.begin, part.begin + half}, parts);
  split(block, {part.begin + half, part.end}, parts);
}

std::vector<IdSpan> WaveformBuilder::parts_of(const proto::Block& block) const {
  std::vector<IdSpan> parts;
  split(block, {block.first_id, block.end_id()}, parts);
  return parts;
}

bool WaveformBuilder::has_room_for(const proto::Block& block, const IdSpan& part) const {
  return raw_bytes_ + cost_of(block, part) <= raw_bytes_max_;
}

std::size_t WaveformBuilder::add_row(proto::WaveformRow facts, proto::SampleId first,
                                     const proto::TimeMap& time) {
  facts.first_sample = first;
  facts.utc_ns = time.utc_ns(first);
  facts.time_uncertainty_ns = time.uncertainty_ns;
  facts.rate_hz = rates_.id_rate_hz / facts.ids_per_value;
  if (!rows_.empty() && first > span_.end) facts.gap_before = first.value() - span_.end.value();
  rows_.emplace_back().facts = std::move(facts);
  raw_bytes_ += kRowBytes;
  return rows_.size() - 1;
}

void WaveformBuilder::cover(const IdSpan& span, const proto::TimeMap& time) {
  if (ids_ == 0) span_.begin = span.begin;
  span_.end = span.end;
  ids_ += span.ids();
  end_utc_ns_ = time.utc_ns(span.end);
}

// Codes that the words hold are not told twice.
bool WaveformBuilder::has_row_of(const proto::CodeColumn& column) const {
  WS_CHECK(column.signal_index < signals_.size());
  return words_.empty() || !signals_[column.signal_index].in_words;
}

void WaveformBuilder::add_words(const proto::Block& block, const IdSpan& part) {
  WS_CHECK(block.words.size() == block.current.values.size());
  proto::WaveformRow facts;
  facts.signal = proto::kRawSignal;
  facts.ids_per_value = rates_.ids_per_value;
  Row& row = rows_[add_row(std::move(facts), part.begin, block.time)];
  const auto from = block.words.begin() +
                    static_cast<std::ptrdiff_t>((part.begin.value() - block.first_id.value()) /
                                                rates_.ids_per_value);
  row.words.assign(from, from + static_cast<std::ptrdiff_t>(part.ids() / rates_.ids_per_value));
  raw_bytes_ += row.words.size() * sizeof(row.words[0]);
}

void WaveformBuilder::add_floats(const proto::Block& block, const IdSpan& part) {
  const std::size_t skipped = (part.begin.value() - block.first_id.value()) / rates_.ids_per_value;
  const std::size_t count = part.ids() / rates_.ids_per_value;
  const auto add_values = [&](const char* signal, const char* unit,
                              const proto::FloatColumn& column) {
    proto::WaveformRow facts;
    facts.signal = signal;
    facts.unit = unit;
    facts.ids_per_value = rates_.ids_per_value;
    Row& row = rows_[add_row(std::move(facts), part.begin, block.time)];
    const auto from = column.values.begin() + static_cast<std::ptrdiff_t>(skipped);
    row.values.assign(from, from + static_cast<std::ptrdiff_t>(count));
    raw_bytes_ += count * sizeof(float);
  };
  add_values("current", "A", block.current);
  add_values("voltage", "V", block.voltage);
}

void WaveformBuilder::add_part(const proto::Block& block, const IdSpan& part) {
  if (words_.empty()) {
    add_floats(block, part);
  } else {
    add_words(block, part);
  }
  for (const proto::CodeColumn& column : block.codes) {
    if (!has_row_of(column)) continue;
    proto::WaveformRow facts;
    facts.signal = signals_[column.signal_index].name;
    facts.unit = signals_[column.signal_index].unit;
    facts.ids_per_value = column.ids_per_value;
    Row& row = rows_[add_row(std::move(facts), part.begin, block.time)];
    CodeCursor cursor(column);
    cursor.take(values_in(column, part.begin.value() - block.first_id.value()));
    row.runs = cursor.take(values_in(column, part.ids()));
    raw_bytes_ += row.runs.size() * sizeof(proto::CodeRun);
  }
  cover(part, block.time);
}

bool WaveformBuilder::has_room_for_window() const {
  return raw_bytes_ + kSignalsPerStretch * kRowBytes + kWindowBytes <= kBatchRawBytesMax;
}

void WaveformBuilder::begin_stretch(const DecimatedWindow& window, const proto::TimeMap& time) {
  const auto add = [&](const char* signal, const char* unit) {
    proto::WaveformRow facts;
    facts.signal = signal;
    facts.unit = unit;
    facts.ids_per_value = window.ids;
    return add_row(std::move(facts), window.first, time);
  };
  const std::size_t current = add("current", "A");
  const std::size_t voltage = add("voltage", "V");
  const std::size_t power = add("power", "W");
  stretch_ = Stretch{current, voltage, power, window.ids};
}

void WaveformBuilder::add_window(const DecimatedWindow& window, const proto::TimeMap& time) {
  const bool goes_on =
      stretch_.has_value() && stretch_->window_ids == window.ids && span_.end == window.first;
  if (!goes_on) begin_stretch(window, time);
  const auto add = [&](std::size_t index, const proto::Moments& moments) {
    Row& row = rows_[index];
    row.values.push_back(or_nan(moments, moments.mean));
    row.min.push_back(or_nan(moments, moments.min));
    row.max.push_back(or_nan(moments, moments.max));
    row.std.push_back(or_nan(moments, moments.std()));
  };
  add(stretch_->current, window.summary.current);
  add(stretch_->voltage, window.summary.voltage);
  add(stretch_->power, window.summary.power);
  raw_bytes_ += kWindowBytes;
  cover({window.first, window.first + window.ids}, time);
}

std::vector<proto::WaveformRow> WaveformBuilder::rows(std::uint64_t gap_before_first) const {
  std::vector<proto::WaveformRow> rows;
  rows.reserve(rows_.size());
  for (const Row& row : rows_) {
    rows.push_back(row.facts);
    proto::WaveformRow& out = rows.back();
    if (out.first_sample == span_.begin) out.gap_before = gap_before_first;
    out.values = row.values;
    out.min = row.min;
    out.max = row.max;
    out.std = row.std;
    out.runs = row.runs;
    out.words = row.words;
  }
  return rows;
}

void WaveformBuilder::clear() {
  rows_.clear();
  span_ = {};
  ids_ = 0;
  raw_bytes_ = 0;
  stretch_.reset();
}

}  // namespace agent
