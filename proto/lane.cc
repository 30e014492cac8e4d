// SPDX-License-Identifier: Apache-2.0
#include "proto/lane.h"

namespace proto {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"event", "state", "telemetry", "waveform",
                                                    "archive"};

}  // namespace

std::string_view to_string(Lane lane) { return kNames[static_cast<std::size_t>(lane)]; }

std::optional<Lane> lane_from(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<Lane>(i);
  }
  return std::nullopt;
}

}  // namespace proto
