// SPDX-License-Identifier: Apache-2.0
// What a driver hands to the pipeline: owned, contiguous columns of one instrument and segment.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/ids.h"
#include "proto/time_map.h"

namespace proto {

// A block holds at most this many values of a float signal.
inline constexpr std::uint32_t kBlockValuesMax = 65'536;

// A code that stands for values that never arrived (their loss is a Gap too).
inline constexpr std::uint32_t kMissingCode = 0xFFFF'FFFF;

// One run of equal codes: the run-length form of range and GPI, one value per `ids_per_value` ids.
struct CodeRun {
  std::uint32_t code = 0;
  std::uint32_t run_length = 0;  // values
  bool operator==(const CodeRun&) const = default;
};

// A float signal. Values as they arrived: NaN and infinities included.
struct FloatColumn {
  std::uint32_t ids_per_value = 1;
  std::vector<float> values;
};

// An integer signal; the sum of its run lengths times ids_per_value is the block's id_count.
struct CodeColumn {
  std::uint32_t ids_per_value = 1;
  std::uint32_t signal_index = 0;  // into DeviceInfo::signals
  std::vector<CodeRun> runs;
};

// current and voltage have equal ids_per_value and size. Ids are contiguous from first_id for
// id_count ids.
struct Block {
  SegmentId segment;
  SampleId first_id;
  std::uint64_t id_count = 0;
  TimeMap time;                           // valid for the ids of this block
  std::int64_t arrival_monotonic_ns = 0;  // of the last byte
  FloatColumn current;                    // A
  FloatColumn voltage;                    // V
  std::vector<CodeColumn> codes;
  // The instrument's own sample words, one for each value of current and voltage, where the driver
  // keeps them (DeviceInfo::words names their layout); else empty. kMissingCode: it never came.
  std::vector<std::uint32_t> words;

  SampleId end_id() const { return first_id + id_count; }
};

}  // namespace proto
