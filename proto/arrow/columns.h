// SPDX-License-Identifier: Apache-2.0
// The columns of a waveform value in their order on the wire (wire.md 5). Writer and reader both
// walk this table, so they cannot disagree.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace proto::arrow {

enum class ColumnType : std::uint8_t {
  kUtf8,
  kBinary,
  kUint32,
  kUint64,
  kFloat64,
  kTimestampNs,
  kListFloat32,
  kListUint32,
};

enum class Column : std::uint8_t {
  kDeviceId,
  kTestId,
  kSignal,
  kUnit,
  kSegment,
  kFirstSample,
  kIdsPerValue,
  kTime,
  kTimeUncertaintyNs,
  kRateHz,
  kGapBefore,
  kValues,
  kMin,
  kMax,
  kStd,
  kCodes,
  kRunLengths,
  kEncoding,
  kPacked,
};

struct ColumnSpec {
  Column column;
  std::string_view name;
  ColumnType type;
};

inline constexpr std::array<ColumnSpec, 19> kColumns = {{
    {Column::kDeviceId, "device_id", ColumnType::kUtf8},
    {Column::kTestId, "test_id", ColumnType::kUtf8},
    {Column::kSignal, "signal", ColumnType::kUtf8},
    {Column::kUnit, "unit", ColumnType::kUtf8},
    {Column::kSegment, "segment", ColumnType::kUint32},
    {Column::kFirstSample, "first_sample", ColumnType::kUint64},
    {Column::kIdsPerValue, "ids_per_value", ColumnType::kUint32},
    {Column::kTime, "time", ColumnType::kTimestampNs},
    {Column::kTimeUncertaintyNs, "time_uncertainty_ns", ColumnType::kUint64},
    {Column::kRateHz, "rate_hz", ColumnType::kFloat64},
    {Column::kGapBefore, "gap_before", ColumnType::kUint64},
    {Column::kValues, "values", ColumnType::kListFloat32},
    {Column::kMin, "min", ColumnType::kListFloat32},
    {Column::kMax, "max", ColumnType::kListFloat32},
    {Column::kStd, "std", ColumnType::kListFloat32},
    {Column::kCodes, "codes", ColumnType::kListUint32},
    {Column::kRunLengths, "run_lengths", ColumnType::kListUint32},
    {Column::kEncoding, "encoding", ColumnType::kUtf8},
    {Column::kPacked, "packed", ColumnType::kBinary},
}};

constexpr bool is_list(ColumnType type) {
  return type == ColumnType::kListFloat32 || type == ColumnType::kListUint32;
}
constexpr bool is_text(ColumnType type) {
  return type == ColumnType::kUtf8 || type == ColumnType::kBinary;
}
// Bytes of one fixed-width value, or of one list item.
constexpr std::size_t width(ColumnType type) {
  switch (type) {
    case ColumnType::kUint64:
    case ColumnType::kFloat64:
    case ColumnType::kTimestampNs:
      return 8;
    case ColumnType::kUint32:
    case ColumnType::kListFloat32:
    case ColumnType::kListUint32:
      return 4;
    default:
      return 1;
  }
}

// Nodes and buffers of our columns: a list has those of its items too. What a later version appends
// comes behind them.
constexpr std::size_t node_count() {
  std::size_t count = 0;
  for (const ColumnSpec& spec : kColumns) count += is_list(spec.type) ? 2 : 1;
  return count;
}
constexpr std::size_t buffer_count() {
  std::size_t count = 0;
  for (const ColumnSpec& spec : kColumns) {
    count += is_list(spec.type) ? 4 : is_text(spec.type) ? 3 : 2;
  }
  return count;
}

inline constexpr std::uint32_t kContinuation = 0xFFFF'FFFF;
inline constexpr std::string_view kEncodingArrow = "arrow";

}  // namespace proto::arrow
