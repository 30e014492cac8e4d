// SPDX-License-Identifier: Apache-2.0
// The signals of a JS220 that can be recorded: name, port, and the topic that switches it on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/instrument.h"
#include "proto/result.h"

namespace drivers::js220 {

struct SignalInfo {
  std::string_view name;
  std::string_view unit;
  std::uint8_t port = 0;
  std::string_view control_topic;
};

// current and voltage come first.
std::span<const SignalInfo> signals();
// The recorded ones: current, voltage, then `codes` in their order. An error names a code signal
// that a JS220 does not have or cannot give together with the others.
proto::Result<std::vector<SignalInfo>> select_signals(const std::vector<std::string>& codes);
proto::Signal describe(const SignalInfo& signal);

}  // namespace drivers::js220
