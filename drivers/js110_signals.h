// SPDX-License-Identifier: Apache-2.0
// The signals of a JS110 that can be recorded.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/instrument.h"
#include "proto/result.h"

namespace drivers::js110 {

// An input takes the place of the lowest bit of current (gpi0) or voltage (gpi1).
// The layout of a Block's words, in DeviceInfo::words.
inline constexpr const char* kWordsLayout = "js110";

// The range of the voltage stands in the header of a packet; all others lie in its words.
enum class SignalKind { kCurrent, kVoltage, kCurrentRange, kVoltageRange, kGpi0, kGpi1 };

struct SignalInfo {
  SignalKind kind = SignalKind::kCurrent;
  std::string_view name;
  std::string_view unit;
};

// current and voltage come first.
std::span<const SignalInfo> signals();
// The recorded ones: current, voltage, then `codes` in their order. An error names a code signal
// that a JS110 does not have, or that is named twice.
proto::Result<std::vector<SignalInfo>> select_signals(const std::vector<std::string>& codes);
bool has_signal(std::span<const SignalInfo> selected, SignalKind kind);
proto::Signal describe(const SignalInfo& signal);

}  // namespace drivers::js110
