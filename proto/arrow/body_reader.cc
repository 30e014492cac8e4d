// SPDX-License-Identifier: Apache-2.0
#include "proto/arrow/body_reader.h"

#include <zstd.h>

#include "proto/waveform_errc.h"

namespace proto::arrow {
namespace {

// Lengths of rows and items of a value that is within bounds stay far below this.
constexpr std::int64_t kItemsMax = static_cast<std::int64_t>(kDecodedBytesMax / 4);

// Buffers may lie on top of each other, so what is copied counts too.
Result<std::vector<std::byte>> copy(std::span<const std::byte> stored, std::size_t& budget) {
  if (stored.size() > budget) return fail(WaveformErrc::kTooLarge, "read waveform");
  budget -= stored.size();
  return std::vector<std::byte>(stored.begin(), stored.end());
}

Result<std::vector<std::byte>> decompress(std::span<const std::byte> stored, std::size_t& budget) {
  if (stored.size() < 8) return fail(WaveformErrc::kBadLayout, "read waveform");
  std::int64_t length = 0;
  std::memcpy(&length, stored.data(), 8);
  const auto packed = stored.subspan(8);
  if (length == -1) return copy(packed, budget);
  const auto size = static_cast<std::size_t>(length);
  if (length < 0 || size > budget) return fail(WaveformErrc::kTooLarge, "read waveform");
  budget -= size;
  std::vector<std::byte> raw(size);
  const std::size_t got = ZSTD_decompress(raw.data(), raw.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) || got != size) {
    return fail(WaveformErrc::kBadCompression, "read waveform");
  }
  return raw;
}

}  // namespace

Result<BodyReader> BodyReader::open(const BatchLayout& layout, std::span<const std::byte> body) {
  BodyReader reader;
  reader.rows_ = layout.rows;
  reader.nodes_ = layout.nodes;
  std::size_t budget = kDecodedBytesMax;
  if (layout.buffers.size() < buffer_count())
    return fail(WaveformErrc::kBadLayout, "read waveform");
  for (const BodyBuffer& buffer : std::span(layout.buffers).first(buffer_count())) {
    const auto size = static_cast<std::int64_t>(body.size());
    if (buffer.offset < 0 || buffer.length < 0 || buffer.offset > size ||
        buffer.length > size - buffer.offset) {
      return fail(WaveformErrc::kBadLayout, "read waveform");
    }
    const auto stored = body.subspan(static_cast<std::size_t>(buffer.offset),
                                     static_cast<std::size_t>(buffer.length));
    auto raw = layout.zstd && !stored.empty() ? decompress(stored, budget) : copy(stored, budget);
    if (!raw) return tl::unexpected(raw.error());
    reader.buffers_.push_back(std::move(*raw));
  }
  return reader;
}

bool BodyReader::take(std::span<const std::byte>& buffer) {
  if (next_buffer_ >= buffers_.size()) return false;
  buffer = buffers_[next_buffer_++];
  return true;
}

bool BodyReader::check_offsets(std::int64_t items) const {
  if (offsets_.size() != 4 * (static_cast<std::size_t>(rows_) + 1)) return false;
  std::int64_t before = 0;
  for (std::int64_t row = 0; row <= rows_; ++row) {
    const std::int64_t at = load_u32(offsets_, 4 * static_cast<std::size_t>(row));
    if (at < before || at > items || (row == 0 && at != 0)) return false;
    before = at;
  }
  return before == items;
}

bool BodyReader::next_column(const ColumnSpec& spec) {
  std::span<const std::byte> validity;
  if (next_node_ >= nodes_.size() || nodes_[next_node_++].length != rows_) return false;
  if (!take(validity)) return false;
  if (is_text(spec.type)) {
    return take(offsets_) && take(data_) && check_offsets(static_cast<std::int64_t>(data_.size()));
  }
  if (is_list(spec.type)) {
    if (!take(offsets_) || next_node_ >= nodes_.size()) return false;
    const std::int64_t items = nodes_[next_node_++].length;
    return items >= 0 && items <= kItemsMax && take(validity) && take(data_) &&
           data_.size() == static_cast<std::size_t>(items) * width(spec.type) &&
           check_offsets(items);
  }
  return take(data_) && data_.size() == static_cast<std::size_t>(rows_) * width(spec.type);
}

}  // namespace proto::arrow
