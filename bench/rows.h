// SPDX-License-Identifier: Apache-2.0
// Rows as a pipeline would seal them, with bytes that nothing can compress.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "buffer/row.h"

namespace bench {

inline constexpr const char* kKey = "js220-001234/20261126T120000Z-5eed";

inline std::vector<std::byte> random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

inline buffer::NewRow make_row(proto::Lane lane, std::uint64_t index,
                               std::vector<std::byte> payload) {
  buffer::NewRow row;
  row.facts.lane = lane;
  row.facts.topic = "bench." + std::string(proto::to_string(lane)) + ".v1";
  row.facts.key = kKey;
  row.facts.device_id = "js220-001234";
  row.facts.segment = proto::SegmentId(1);
  row.facts.id_first = proto::SampleId(index * 1000);
  row.facts.id_last = proto::SampleId(index * 1000 + 999);
  row.facts.id_count = 1000;
  row.facts.t_first_us = 1'795'521'600'000'000 + static_cast<std::int64_t>(index) * 500;
  row.facts.t_last_us = row.facts.t_first_us + 500;
  row.payload = std::move(payload);
  return row;
}

}  // namespace bench
