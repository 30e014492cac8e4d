// SPDX-License-Identifier: Apache-2.0
// Writes one waveform value. Buffers are gathered column by column, compressed into the body,
// framed.
#include <zstd.h>

#include <cstring>

#include "proto/arrow/columns.h"
#include "proto/arrow/schema_message.h"
#include "proto/check.h"
#include "proto/waveform.h"

namespace proto {

using arrow::Column;

struct WaveformWriter::Impl {
  explicit Impl(int level) : zstd_level(level), context(ZSTD_createCCtx()) {
    WS_CHECK(context != nullptr);
  }
  ~Impl() { ZSTD_freeCCtx(context); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  template <class T>
  void gather(const T& value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    raw.insert(raw.end(), bytes, bytes + sizeof(T));
  }
  void gather(std::span<const std::byte> bytes) {
    raw.insert(raw.end(), bytes.begin(), bytes.end());
  }

  void put_empty_buffer() { buffers.push_back({static_cast<std::int64_t>(body.size()), 0}); }
  void put_buffer();
  void put_text(const WaveformBatch& batch, Column column);
  void put_fixed(const WaveformBatch& batch, Column column);
  void put_list(const WaveformBatch& batch, Column column);
  void gather_items(const WaveformRow& row, Column column);

  const int zstd_level;
  ZSTD_CCtx* const context;
  std::vector<std::byte> raw;   // of the buffer in hand
  std::vector<std::byte> body;  // of the record batch
  std::vector<arrow::Node> nodes;
  std::vector<arrow::BodyBuffer> buffers;
};

namespace {

std::string_view text_of(const WaveformBatch& batch, const WaveformRow& row, Column column) {
  switch (column) {
    case Column::kDeviceId:
      return batch.device_id;
    case Column::kTestId:
      return batch.test_id;
    case Column::kSignal:
      return row.signal;
    case Column::kUnit:
      return row.unit;
    case Column::kEncoding:
      return arrow::kEncodingArrow;
    default:
      return {};
  }
}

std::span<const float> floats_of(const WaveformRow& row, Column column) {
  switch (column) {
    case Column::kValues:
      return row.values;
    case Column::kMin:
      return row.min;
    case Column::kMax:
      return row.max;
    case Column::kStd:
      return row.std;
    default:
      return {};
  }
}

std::size_t item_count(const WaveformRow& row, Column column) {
  if (column == Column::kCodes && !row.words.empty()) return row.words.size();
  if (column == Column::kCodes || column == Column::kRunLengths) return row.runs.size();
  return floats_of(row, column).size();
}

}  // namespace

// Compresses `raw` to the end of the body: int64 raw length, then one zstd frame; -1 and the raw
// bytes when that would not be smaller (noise-floor floats do not shrink).
void WaveformWriter::Impl::put_buffer() {
  if (raw.empty()) return put_empty_buffer();
  const std::size_t offset = body.size();
  const std::size_t bound = ZSTD_compressBound(raw.size());
  body.resize(offset + 8 + bound);
  const std::size_t packed = ZSTD_compressCCtx(context, body.data() + offset + 8, bound, raw.data(),
                                               raw.size(), zstd_level);
  WS_CHECK(!ZSTD_isError(packed));
  auto length = static_cast<std::int64_t>(raw.size());
  std::size_t stored = packed;
  if (packed >= raw.size()) {
    length = -1;
    stored = raw.size();
    std::memcpy(body.data() + offset + 8, raw.data(), raw.size());
  }
  std::memcpy(body.data() + offset, &length, 8);
  buffers.push_back({static_cast<std::int64_t>(offset), static_cast<std::int64_t>(8 + stored)});
  body.resize((offset + 8 + stored + 7) / 8 * 8);
  // The padding may hold what the compressor left there.
  std::memset(body.data() + offset + 8 + stored, 0, body.size() - (offset + 8 + stored));
}

void WaveformWriter::Impl::put_text(const WaveformBatch& batch, Column column) {
  nodes.push_back({static_cast<std::int64_t>(batch.rows.size())});
  put_empty_buffer();
  raw.clear();
  std::int32_t end = 0;
  gather(end);
  for (const WaveformRow& row : batch.rows) {
    end += static_cast<std::int32_t>(text_of(batch, row, column).size());
    gather(end);
  }
  put_buffer();
  raw.clear();
  for (const WaveformRow& row : batch.rows) {
    gather(std::as_bytes(std::span(text_of(batch, row, column))));
  }
  put_buffer();
}

void WaveformWriter::Impl::put_fixed(const WaveformBatch& batch, Column column) {
  nodes.push_back({static_cast<std::int64_t>(batch.rows.size())});
  put_empty_buffer();
  raw.clear();
  for (const WaveformRow& row : batch.rows) {
    switch (column) {
      case Column::kSegment:
        gather(batch.segment.value());
        break;
      case Column::kFirstSample:
        gather(row.first_sample.value());
        break;
      case Column::kIdsPerValue:
        gather(row.ids_per_value);
        break;
      case Column::kTime:
        gather(row.utc_ns);
        break;
      case Column::kTimeUncertaintyNs:
        gather(row.time_uncertainty_ns);
        break;
      case Column::kRateHz:
        gather(row.rate_hz);
        break;
      case Column::kGapBefore:
        gather(row.gap_before);
        break;
      default:
        WS_CHECK(false);
    }
  }
  put_buffer();
}

void WaveformWriter::Impl::gather_items(const WaveformRow& row, Column column) {
  if (column == Column::kCodes && !row.words.empty()) {
    gather(std::as_bytes(row.words));
  } else if (column == Column::kCodes) {
    for (const CodeRun& run : row.runs) gather(run.code);
  } else if (column == Column::kRunLengths) {
    for (const CodeRun& run : row.runs) gather(run.run_length);
  } else {
    gather(std::as_bytes(floats_of(row, column)));
  }
}

void WaveformWriter::Impl::put_list(const WaveformBatch& batch, Column column) {
  nodes.push_back({static_cast<std::int64_t>(batch.rows.size())});
  put_empty_buffer();
  raw.clear();
  std::int32_t end = 0;
  gather(end);
  for (const WaveformRow& row : batch.rows) {
    end += static_cast<std::int32_t>(item_count(row, column));
    gather(end);
  }
  put_buffer();
  nodes.push_back({end});  // the child
  put_empty_buffer();
  raw.clear();
  for (const WaveformRow& row : batch.rows) gather_items(row, column);
  put_buffer();
}

WaveformWriter::WaveformWriter(int zstd_level) : impl_(std::make_unique<Impl>(zstd_level)) {}
WaveformWriter::~WaveformWriter() = default;

void WaveformWriter::encode(const WaveformBatch& batch, std::vector<std::byte>& out) {
  WS_CHECK(batch.rows.size() <= kWaveformRowsMax);
  for (const WaveformRow& row : batch.rows) WS_CHECK(row.words.empty() || row.runs.empty());
  impl_->body.clear();
  impl_->nodes.clear();
  impl_->buffers.clear();
  for (const arrow::ColumnSpec& spec : arrow::kColumns) {
    if (arrow::is_text(spec.type)) {
      impl_->put_text(batch, spec.column);
    } else if (arrow::is_list(spec.type)) {
      impl_->put_list(batch, spec.column);
    } else {
      impl_->put_fixed(batch, spec.column);
    }
  }
  arrow::append_schema_message(batch, out);
  arrow::append_batch_message(static_cast<std::int64_t>(batch.rows.size()), impl_->nodes,
                              impl_->buffers, static_cast<std::int64_t>(impl_->body.size()), out);
  out.insert(out.end(), impl_->body.begin(), impl_->body.end());
  const std::uint32_t end_marker[2] = {arrow::kContinuation, 0};
  const auto marker = std::as_bytes(std::span(end_marker));
  out.insert(out.end(), marker.begin(), marker.end());
}

}  // namespace proto
