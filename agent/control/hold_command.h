// SPDX-License-Identifier: Apache-2.0
// `wattspool release` and `claim`: whether the daemon holds an instrument's device.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "proto/instrument.h"

namespace agent {

// Longer ones are a mistake.
inline constexpr std::chrono::milliseconds kReleaseMax = std::chrono::hours(24 * 365);

struct ReleaseDevice {
  std::optional<std::chrono::milliseconds> duration;  // absent: until it is claimed; >= 0
};
struct ClaimDevice {};
using HoldCommand = std::variant<ReleaseDevice, ClaimDevice>;

// Errors: ControlErrc::kAlreadyReleased, kNotReleased.
struct HoldReply {
  proto::InstrumentId id;
  std::string state;                                  // released, opening
  std::optional<std::int64_t> released_until_utc_us;  // absent: until it is claimed
};

}  // namespace agent
