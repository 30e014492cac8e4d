// SPDX-License-Identifier: Apache-2.0
#include "proto/time_map.h"

#include <cmath>

namespace proto {

std::int64_t TimeMap::utc_ns(SampleId id) const {
  const auto ids = static_cast<long double>(distance(reference_id, id));
  return reference_utc_ns + std::llroundl(ids * 1e9L / static_cast<long double>(rate_hz));
}

SampleId TimeMap::id_at(std::int64_t utc_ns) const {
  const auto ns = static_cast<long double>(utc_ns - reference_utc_ns);
  const std::int64_t ids = std::llroundl(ns * static_cast<long double>(rate_hz) / 1e9L);
  return SampleId(reference_id.value() + static_cast<std::uint64_t>(ids));
}

}  // namespace proto
