// SPDX-License-Identifier: Apache-2.0
#include "proto/gap.h"

#include <array>
#include <utility>

namespace proto {
namespace {

constexpr std::array<std::pair<GapReason, std::string_view>, 10> kNames = {{
    {GapReason::kUsbLoss, "usb_loss"},
    {GapReason::kDisconnect, "disconnect"},
    {GapReason::kSuspend, "suspend"},
    {GapReason::kOverrun, "overrun"},
    {GapReason::kRestart, "restart"},
    {GapReason::kClockStep, "clock_step"},
    {GapReason::kEvicted, "evicted"},
    {GapReason::kCorrupt, "corrupt"},
    {GapReason::kReleased, "released"},
    {GapReason::kInvalid, "invalid"},
}};

}  // namespace

std::string_view to_string(GapReason reason) {
  for (const auto& [value, name] : kNames) {
    if (value == reason) return name;
  }
  return "unknown";
}

std::optional<GapReason> gap_reason_from(std::string_view text) {
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace proto
