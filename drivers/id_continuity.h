// SPDX-License-Identifier: Apache-2.0
// One port's place in the sample counter: extends 32-bit ids to 64 bits and tells what is new in a
// frame, what came twice and what never came. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "proto/ids.h"

namespace drivers {

enum class Continuity {
  kInOrder,         // also the first frame
  kLost,            // ids before it never came
  kOverlap,         // its first values are known already
  kDuplicate,       // nothing new
  kJump,            // too far to be a loss: the counter was reset, or the frame is damaged
  kMisaligned,      // between the ids that its values can have
  kUnsynchronised,  // no reference near it yet
};

struct FrameIds {
  Continuity continuity = Continuity::kUnsynchronised;
  proto::SampleId first;           // of the first new value
  std::uint32_t known_values = 0;  // at the front of the frame, to be left out
  std::uint64_t lost_ids = 0;      // just before `first`
};

class IdContinuity {
 public:
  // Within this distance of a reference the low 32 bits of an id say which one is meant (537 s of a
  // 2 MHz counter, either way).
  static constexpr std::uint32_t kReachIds = std::uint32_t{1} << 30;
  // Data repeated from further back is a counter that was reset: 1 s of a 2 MHz counter.
  static constexpr std::uint32_t kRepeatedIdsMax = 2'000'000;

  explicit IdContinuity(std::uint32_t ids_per_value = 1) : ids_per_value_(ids_per_value) {}

  // `reference`, a known id of about the same time, is used only while unsynchronised. More than
  // `lost_ids_max` missing ids are a jump. A jump and a misaligned frame
  // leave the state as it was.
  FrameIds accept(std::uint32_t low_id, std::uint32_t values,
                  std::optional<proto::SampleId> reference, std::uint64_t lost_ids_max);
  // The id that follows the last frame's; absent while unsynchronised.
  std::optional<proto::SampleId> next() const { return next_; }
  void reset() { next_.reset(); }

  // The id nearest to `reference` whose low 32 bits are `low_id`; absent when it is out of reach.
  static std::optional<proto::SampleId> extend(std::uint32_t low_id, proto::SampleId reference);

 private:
  std::uint32_t ids_per_value_;
  std::optional<proto::SampleId> next_;
};

}  // namespace drivers
