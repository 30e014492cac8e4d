// SPDX-License-Identifier: Apache-2.0
#include "drivers/js110_signals.h"

#include <algorithm>
#include <array>

#include "drivers/js110_wire.h"

namespace drivers::js110 {
namespace {

constexpr std::size_t kFloats = 2;
constexpr std::array<SignalInfo, 6> kSignals = {{{SignalKind::kCurrent, "current", "A"},
                                                 {SignalKind::kVoltage, "voltage", "V"},
                                                 {SignalKind::kCurrentRange, "current_range", ""},
                                                 {SignalKind::kVoltageRange, "voltage_range", ""},
                                                 {SignalKind::kGpi0, "gpi0", ""},
                                                 {SignalKind::kGpi1, "gpi1", ""}}};

}  // namespace

std::span<const SignalInfo> signals() { return kSignals; }

proto::Result<std::vector<SignalInfo>> select_signals(const std::vector<std::string>& codes) {
  const auto invalid = [](const std::string& name, const std::string& what) {
    return proto::fail(std::make_error_code(std::errc::invalid_argument),
                       "record signal '" + name + "': " + what);
  };
  std::vector<SignalInfo> selected(kSignals.begin(), kSignals.begin() + kFloats);
  for (const std::string& name : codes) {
    const auto known =
        std::ranges::find(kSignals.begin() + kFloats, kSignals.end(), name, &SignalInfo::name);
    if (known == kSignals.end()) {
      return invalid(name, "a JS110 has current_range, voltage_range, gpi0 and gpi1");
    }
    if (has_signal(selected, known->kind)) return invalid(name, "it is recorded already");
    selected.push_back(*known);
  }
  return selected;
}

bool has_signal(std::span<const SignalInfo> selected, SignalKind kind) {
  return std::ranges::any_of(selected,
                             [kind](const SignalInfo& signal) { return signal.kind == kind; });
}

proto::Signal describe(const SignalInfo& signal) {
  return {.name = std::string(signal.name),
          .unit = std::string(signal.unit),
          .rate_hz = static_cast<double>(kSampleRateHz),
          .ids_per_value = 1,
          .in_words = signal.kind != SignalKind::kVoltageRange};
}

}  // namespace drivers::js110
