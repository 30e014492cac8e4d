// SPDX-License-Identifier: Apache-2.0
// A record group with any content behind a right checksum: records that add up, or an error.
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "proto/check.h"
#include "proto/crc32c.h"
#include "proto/record_group.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  std::vector<std::byte> group(input.begin(), input.end());
  if (group.size() >= 8) {
    const std::uint32_t crc = proto::crc32c(std::span(group).subspan(8));
    std::memcpy(group.data() + 4, &crc, sizeof crc);
  }
  const auto first = proto::decode_record_group(group);
  if (!first) return 0;
  std::size_t bytes = 0;
  for (const proto::GroupedRecord& record : *first) bytes += record.value.size();
  WS_CHECK(bytes <= proto::kGroupBytesMax);
  const auto second = proto::decode_record_group(proto::RecordGroupWriter().encode(*first));
  WS_CHECK(second && second->size() == first->size());
  for (std::size_t i = 0; i < first->size(); ++i) {
    WS_CHECK((*second)[i].value == (*first)[i].value);
    WS_CHECK((*second)[i].start_utc_us == (*first)[i].start_utc_us);
  }
  return 0;
}
