// SPDX-License-Identifier: Apache-2.0
// A class of rows with its own FIFO order, quota and priority.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace proto {

// The values are stored in the spool: do not renumber. Smaller is sent first.
enum class Lane : std::uint8_t {
  kEvent = 0,
  kState = 1,  // newest value per key; compacted topics
  kTelemetry = 2,
  kWaveform = 3,
  kArchive = 4,  // local only
};

// Lanes whose records carry a dense sequence and go to one topic each.
inline constexpr std::array kFifoLanes = {Lane::kEvent, Lane::kTelemetry, Lane::kWaveform};

std::string_view to_string(Lane lane);  // "event" ...
std::optional<Lane> lane_from(std::string_view text);

}  // namespace proto
