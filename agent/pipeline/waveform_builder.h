// SPDX-License-Identifier: Apache-2.0
// Collects the rows of one waveform batch: one device, test and segment, small enough to leave the
// bench whatever the samples are. Owns its values, because blocks are only lent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/pipeline/code_cursor.h"
#include "agent/pipeline/id_ranges.h"
#include "agent/pipeline/rates.h"
#include "proto/block.h"
#include "proto/instrument.h"
#include "proto/summary.h"
#include "proto/waveform.h"

namespace agent {

// Of the raw values and run lengths in a batch. zstd leaves what it cannot shrink as it is, so the
// encoded batch stays below proto::kWaveformBytesMax, framing and schema included.
inline constexpr std::size_t kBatchRawBytesMax = 860'000;

// One window of the decimated form; `ids` is shorter than the others' before a border.
struct DecimatedWindow {
  proto::SampleId first;
  std::uint32_t ids = 0;
  proto::Summary summary;
};

class WaveformBuilder {
 public:
  // Of an instrument whose Blocks have words, full-rate rows are those words.
  WaveformBuilder(const Rates& rates, const proto::DeviceInfo& info);

  bool empty() const { return rows_.empty(); }
  // Ids from the first row's begin to the last one's end, and how many of them are in rows.
  const IdSpan& span() const { return span_; }
  std::uint64_t ids() const { return ids_; }
  std::int64_t first_utc_ns() const;
  std::int64_t end_utc_ns() const { return end_utc_ns_; }

  // The whole block, in parts of which each fits into an empty batch.
  std::vector<IdSpan> parts_of(const proto::Block& block) const;
  bool has_room_for(const proto::Block& block, const IdSpan& part) const;
  // One row per signal, or one of words and one per signal that the words do not hold; parts of one
  // block in their order.
  void add_part(const proto::Block& block, const IdSpan& part);

  bool has_room_for_window() const;
  void add_window(const DecimatedWindow& window, const proto::TimeMap& time);

  // The rows, and the ids missing before the first of them. Views into this builder, until clear().
  std::vector<proto::WaveformRow> rows(std::uint64_t gap_before_first) const;
  // What belongs to the rows; empty when none is of words.
  const proto::WordsOrigin& words() const { return words_; }
  void clear();

 private:
  struct Row {
    proto::WaveformRow facts;
    std::vector<float> values;
    std::vector<float> min;
    std::vector<float> max;
    std::vector<float> std;
    std::vector<proto::CodeRun> runs;
    std::vector<std::uint32_t> words;
  };
  // The three open rows of a decimated stretch.
  struct Stretch {
    std::size_t current = 0;
    std::size_t voltage = 0;
    std::size_t power = 0;
    std::uint32_t window_ids = 0;
  };

  std::size_t cost_of(const proto::Block& block, const IdSpan& part) const;
  void split(const proto::Block& block, const IdSpan& part, std::vector<IdSpan>& parts) const;
  bool has_row_of(const proto::CodeColumn& column) const;
  void add_floats(const proto::Block& block, const IdSpan& part);
  void add_words(const proto::Block& block, const IdSpan& part);
  std::size_t add_row(proto::WaveformRow facts, proto::SampleId first, const proto::TimeMap& time);
  void cover(const IdSpan& span, const proto::TimeMap& time);
  void begin_stretch(const DecimatedWindow& window, const proto::TimeMap& time);

  const Rates rates_;
  const std::vector<proto::Signal> signals_;
  const proto::WordsOrigin words_;
  const std::size_t raw_bytes_max_;  // what the words' origin leaves
  std::vector<Row> rows_;
  IdSpan span_;
  std::uint64_t ids_ = 0;
  std::int64_t end_utc_ns_ = 0;
  std::size_t raw_bytes_ = 0;
  std::optional<Stretch> stretch_;
};

}  // namespace agent
