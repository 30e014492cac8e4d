// SPDX-License-Identifier: Apache-2.0
// Reads one waveform value. The bytes are a stranger's: every length is checked before it is used.
#include <algorithm>

#include "proto/arrow/body_reader.h"
#include "proto/arrow/columns.h"
#include "proto/arrow/schema_message.h"
#include "proto/waveform.h"
#include "proto/waveform_errc.h"

namespace proto {

using arrow::BodyReader;
using arrow::Column;
using arrow::load_u32;

namespace {

struct MessageView {
  std::span<const std::byte> metadata;
  std::size_t end = 0;  // offset of what follows the metadata
};

Result<MessageView> next_message(std::span<const std::byte> bytes, std::size_t at) {
  if (bytes.size() - at < 8) return fail(WaveformErrc::kTruncated, "read waveform");
  if (load_u32(bytes, at) != arrow::kContinuation) {
    return fail(WaveformErrc::kBadFraming, "read waveform");
  }
  const std::size_t length = load_u32(bytes, at + 4);
  if (length > bytes.size() - at - 8) return fail(WaveformErrc::kTruncated, "read waveform");
  if (length == 0 || length % 8 != 0) return fail(WaveformErrc::kBadFraming, "read waveform");
  return MessageView{bytes.subspan(at + 8, length), at + 8 + length};
}

// codes and run_lengths arrive one after the other; without run lengths each code is a word of one
// value.
bool set_run_lengths(DecodedRow& row, const std::vector<std::uint32_t>& lengths) {
  if (lengths.empty()) return true;
  if (lengths.size() != row.words.size()) return false;
  row.runs.reserve(lengths.size());
  for (std::size_t i = 0; i < lengths.size(); ++i) row.runs.push_back({row.words[i], lengths[i]});
  row.words = {};
  return true;
}

bool set_column(const BodyReader& body, Column column, std::size_t at, DecodedRow& row) {
  switch (column) {
    case Column::kDeviceId:
      row.device_id = body.text(at);
      return true;
    case Column::kTestId:
      row.test_id = body.text(at);
      return true;
    case Column::kSignal:
      row.signal = body.text(at);
      return true;
    case Column::kUnit:
      row.unit = body.text(at);
      return true;
    case Column::kEncoding:
      row.encoding = body.text(at);
      return true;
    case Column::kPacked:
      return true;  // of encodings that are refused below
    case Column::kSegment:
      row.segment = SegmentId(body.fixed<std::uint32_t>(at));
      return true;
    case Column::kFirstSample:
      row.first_sample = SampleId(body.fixed<std::uint64_t>(at));
      return true;
    case Column::kIdsPerValue:
      row.ids_per_value = body.fixed<std::uint32_t>(at);
      return true;
    case Column::kTime:
      row.utc_ns = body.fixed<std::int64_t>(at);
      return true;
    case Column::kTimeUncertaintyNs:
      row.time_uncertainty_ns = body.fixed<std::uint64_t>(at);
      return true;
    case Column::kRateHz:
      row.rate_hz = body.fixed<double>(at);
      return true;
    case Column::kGapBefore:
      row.gap_before = body.fixed<std::uint64_t>(at);
      return true;
    case Column::kValues:
      row.values = body.list<float>(at);
      return true;
    case Column::kMin:
      row.min = body.list<float>(at);
      return true;
    case Column::kMax:
      row.max = body.list<float>(at);
      return true;
    case Column::kStd:
      row.std = body.list<float>(at);
      return true;
    case Column::kCodes:
      row.words = body.list<std::uint32_t>(at);
      return true;
    case Column::kRunLengths:
      return set_run_lengths(row, body.list<std::uint32_t>(at));
  }
  return false;
}

// Summaries belong to values, run lengths to codes, and the ids that a row covers can be counted.
bool is_consistent(const DecodedRow& row) {
  const auto fits = [&](const std::vector<float>& summary) {
    return summary.empty() || summary.size() == row.values.size();
  };
  if (!fits(row.min) || !fits(row.max) || !fits(row.std)) return false;
  const bool has_codes = !row.runs.empty() || !row.words.empty();
  if (row.ids_per_value == 0 || (!row.values.empty() && has_codes)) return false;
  std::uint64_t ids = 0;
  std::uint64_t end = 0;
  return !__builtin_mul_overflow(row.value_count(), std::uint64_t{row.ids_per_value}, &ids) &&
         !__builtin_add_overflow(row.first_sample.value(), ids, &end);
}

Result<std::vector<DecodedRow>> decode_rows(const arrow::BatchLayout& layout,
                                            std::span<const std::byte> bytes) {
  if (layout.rows < 0 || layout.rows > static_cast<std::int64_t>(kWaveformRowsMax)) {
    return fail(WaveformErrc::kTooLarge, "read waveform");
  }
  auto body = BodyReader::open(layout, bytes);
  if (!body) return tl::unexpected(body.error());
  std::vector<DecodedRow> rows;
  for (const arrow::ColumnSpec& spec : arrow::kColumns) {
    if (!body->next_column(spec)) return fail(WaveformErrc::kBadLayout, "read waveform");
    rows.resize(static_cast<std::size_t>(layout.rows));
    for (std::size_t at = 0; at < rows.size(); ++at) {
      if (!set_column(*body, spec.column, at, rows[at])) {
        return fail(WaveformErrc::kBadLayout, "read waveform");
      }
    }
  }
  for (const DecodedRow& row : rows) {
    if (row.encoding != arrow::kEncodingArrow) {
      return fail(WaveformErrc::kUnknownEncoding, "read waveform row encoded as " + row.encoding);
    }
    if (!is_consistent(row)) return fail(WaveformErrc::kBadLayout, "read waveform");
  }
  return rows;
}

}  // namespace

std::uint64_t DecodedRow::value_count() const {
  if (runs.empty()) return std::max(values.size(), words.size());
  std::uint64_t count = 0;
  for (const CodeRun& run : runs) count += run.run_length;
  return count;
}

Result<DecodedWaveform> decode_waveform(std::span<const std::byte> bytes) {
  const auto schema_message = next_message(bytes, 0);
  if (!schema_message) return tl::unexpected(schema_message.error());
  const auto origin = arrow::read_schema(schema_message->metadata);
  if (!origin) return fail(WaveformErrc::kForeignSchema, "read waveform");

  const auto batch_message = next_message(bytes, schema_message->end);
  if (!batch_message) return tl::unexpected(batch_message.error());
  const auto layout = arrow::read_batch(batch_message->metadata);
  if (!layout) return fail(WaveformErrc::kBadLayout, "read waveform");
  const std::size_t rest = bytes.size() - batch_message->end;
  if (layout->body_length < 0 || static_cast<std::uint64_t>(layout->body_length) > rest) {
    return fail(WaveformErrc::kTruncated, "read waveform");
  }
  const auto body_length = static_cast<std::size_t>(layout->body_length);
  // Exactly the end marker follows: a second stream would be read by nobody (readers stop
  // silently).
  const auto tail = bytes.subspan(batch_message->end + body_length);
  if (tail.size() != 8 || load_u32(tail, 0) != arrow::kContinuation || load_u32(tail, 4) != 0) {
    return fail(WaveformErrc::kBadFraming, "read waveform");
  }
  auto rows = decode_rows(*layout, bytes.subspan(batch_message->end, body_length));
  if (!rows) return tl::unexpected(rows.error());

  return DecodedWaveform{origin->stream, origin->agent_id, origin->version, std::move(*rows),
                         origin->words};
}

}  // namespace proto
