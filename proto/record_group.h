// SPDX-License-Identifier: Apache-2.0
// The payload of a JSON lane's spool row: a group of records of one topic and key, compressed
// together. Each record keeps its own length and CRC-32C: what is sent is what was sealed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "proto/result.h"

namespace proto {

inline constexpr std::size_t kGroupBytesMax = 4 << 20;  // uncompressed
inline constexpr std::size_t kGroupEntryBytes = 24;

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

  // At least one record; together at most kGroupBytesMax with kGroupEntryBytes for each.
  std::vector<std::byte> encode(std::span<const GroupedRecord> records);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Checks every length and CRC: any flipped bit is an error (DecodeErrc). Never holds more than four
// times kGroupBytesMax, whatever the bytes claim.
Result<std::vector<GroupedRecord>> decode_record_group(std::span<const std::byte> bytes);

}  // namespace proto
