// SPDX-License-Identifier: Apache-2.0
#include "drivers/id_continuity.h"

namespace drivers {

std::optional<proto::SampleId> IdContinuity::extend(std::uint32_t low_id,
                                                    proto::SampleId reference) {
  const auto reference_low = static_cast<std::uint32_t>(reference.value());
  const std::uint32_t ahead = low_id - reference_low;
  const std::uint32_t behind = reference_low - low_id;
  if (ahead < kReachIds) return reference + ahead;
  if (behind < kReachIds && behind <= reference.value()) return reference - behind;
  return std::nullopt;
}

FrameIds IdContinuity::accept(std::uint32_t low_id, std::uint32_t values,
                              std::optional<proto::SampleId> reference,
                              std::uint64_t lost_ids_max) {
  const std::uint64_t frame_ids = std::uint64_t{values} * ids_per_value_;
  if (!next_) {
    const auto first = reference ? extend(low_id, *reference) : std::nullopt;
    if (!first) return {};
    next_ = *first + frame_ids;
    return {.continuity = Continuity::kInOrder, .first = *first};
  }
  const proto::SampleId expected = *next_;
  const auto expected_low = static_cast<std::uint32_t>(expected.value());
  const std::uint32_t ahead = low_id - expected_low;
  const std::uint32_t behind = expected_low - low_id;
  if (ahead == 0) {
    next_ = expected + frame_ids;
    return {.continuity = Continuity::kInOrder, .first = expected};
  }
  const FrameIds misaligned{.continuity = Continuity::kMisaligned, .first = expected};
  if (ahead < kReachIds && ahead <= lost_ids_max) {
    if (ahead % ids_per_value_ != 0) return misaligned;
    next_ = expected + ahead + frame_ids;
    return {.continuity = Continuity::kLost, .first = expected + ahead, .lost_ids = ahead};
  }
  if (behind > kRepeatedIdsMax || behind > expected.value()) {
    return {.continuity = Continuity::kJump, .first = expected};
  }
  if (behind % ids_per_value_ != 0) return misaligned;
  if (behind >= frame_ids) return {.continuity = Continuity::kDuplicate, .first = expected};
  next_ = expected - behind + frame_ids;
  return {.continuity = Continuity::kOverlap,
          .first = expected,
          .known_values = behind / ids_per_value_};
}

}  // namespace drivers
