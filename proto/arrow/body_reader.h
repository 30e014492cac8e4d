// SPDX-License-Identifier: Apache-2.0
// The body of a record batch whose bytes are a stranger's: buffers are bounded, decompressed and
// walked column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "proto/arrow/columns.h"
#include "proto/arrow/schema_message.h"
#include "proto/result.h"

namespace proto::arrow {

inline std::uint32_t load_u32(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, 4);
  return value;
}

// The decompressed buffers of one record batch, in wire order, and the walk over them.
class BodyReader {
 public:
  static Result<BodyReader> open(const BatchLayout& layout, std::span<const std::byte> body);

  // One column's node and buffers; false when they do not fit.
  bool next_column(const ColumnSpec& spec);

  std::string text(std::size_t row) const {
    return {reinterpret_cast<const char*>(data_.data()) + offset(row), length(row)};
  }
  template <class T>
  T fixed(std::size_t row) const {
    T value{};
    std::memcpy(&value, data_.data() + row * sizeof(T), sizeof(T));
    return value;
  }
  template <class T>
  std::vector<T> list(std::size_t row) const {
    std::vector<T> items(length(row));
    if (!items.empty()) {
      std::memcpy(items.data(), data_.data() + offset(row) * sizeof(T), items.size() * sizeof(T));
    }
    return items;
  }

 private:
  std::size_t offset(std::size_t row) const { return load_u32(offsets_, 4 * row); }
  std::size_t length(std::size_t row) const { return offset(row + 1) - offset(row); }
  bool take(std::span<const std::byte>& buffer);
  bool check_offsets(std::int64_t items) const;

  std::int64_t rows_ = 0;
  std::vector<Node> nodes_;
  std::vector<std::vector<std::byte>> buffers_;
  std::size_t next_node_ = 0;
  std::size_t next_buffer_ = 0;
  std::span<const std::byte> offsets_;
  std::span<const std::byte> data_;
};

}  // namespace proto::arrow
