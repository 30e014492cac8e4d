// SPDX-License-Identifier: Apache-2.0
// SampleId <-> UTC. A straight piece; the driver starts a new piece, continuous with the last one,
// when the instrument's own map drifts. A sample's UTC, once assigned, never moves (design.md 4).
#pragma once

#include <cstdint>

#include "proto/ids.h"

namespace proto {

enum class TimeSource { kInstrument, kHostArrival, kUnsynchronised };

struct TimeMap {
  SampleId reference_id;
  std::int64_t reference_utc_ns = 0;
  double rate_hz = 0;  // ids per UTC second, > 0
  TimeSource source = TimeSource::kUnsynchronised;
  std::uint64_t uncertainty_ns = 0;

  // UTC of the instant at which sample `id` was taken; exact to 1 ns within 2^52 ids of the
  // reference.
  std::int64_t utc_ns(SampleId id) const;
  // The id whose UTC is nearest to `utc_ns`.
  SampleId id_at(std::int64_t utc_ns) const;

  bool operator==(const TimeMap&) const = default;
};

}  // namespace proto
