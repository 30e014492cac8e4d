// SPDX-License-Identifier: Apache-2.0
// The payload of a JSON lane's spool row: a group of records of one topic and key, compressed
// together; each record keeps its own length and CRC-32C, so that one flipped bit costs a known
// record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "proto/result.h"

namespace proto {

struct GroupedRecord {
  std::int64_t start_utc_us = 0;  // ce_time
  std::int64_t end_utc_us = 0;    // Kafka timestamp
  std::uint32_t crc32c = 0;       // of `value`; computed by the writer, checked by the reader
  std::string value;              // the JSON bytes that are sent
};

// Keeps its zstd context. One thread.
class RecordGroupWriter {
 public:
  RecordGroupWriter();
  ~RecordGroupWriter();
  RecordGroupWriter(const RecordGroupWriter&) = delete;
  RecordGroupWriter& operator=(const RecordGroupWriter&) = delete;
  std::vector<std::byte> encode(std::span<const GroupedRecord> records);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Checks every length and CRC; never allocates more than kGroupBytesMax.
inline constexpr std::size_t kGroupBytesMax = 4 << 20;
Result<std::vector<GroupedRecord>> decode_record_group(std::span<const std::byte> bytes);

}  // namespace proto
