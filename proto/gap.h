// SPDX-License-Identifier: Apache-2.0
// Loss is data: a counted, timestamped hole that travels downstream like a sample (wire.md 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/ids.h"

namespace proto {

enum class GapReason {
  kUsbLoss,     // frames lost between instrument and host
  kDisconnect,  // unplugged, or the link died
  kSuspend,     // the host slept
  kOverrun,     // the in-memory ring was full
  kRestart,     // the agent was not running
  kClockStep,   // the host clock stepped; a new segment began
  kEvicted,     // the disk quota was reached
  kCorrupt,     // a stored row failed its checksum
  kReleased,    // given to another program by `wattspool release`
  kInvalid,     // arrived, but not one value was finite
};

std::string_view to_string(GapReason reason);  // "usb_loss" ...
std::optional<GapReason> gap_reason_from(std::string_view text);

// Ids are inclusive and exact, or absent when the counter did not go on; then only the duration is
// known.
struct IdRange {
  SampleId first;
  SampleId last;
  std::uint64_t count() const { return last.value() - first.value() + 1; }
  bool operator==(const IdRange&) const = default;
};

struct Gap {
  GapReason reason = GapReason::kUsbLoss;
  SegmentId segment;  // of the missing ids
  std::vector<std::string>
      signals;  // names; all float signals of the instrument when the ids are gone
  std::optional<IdRange> ids;
  std::int64_t start_utc_ns = 0;
  double duration_s = 0;
  double duration_uncertainty_s = 0;
};

}  // namespace proto
