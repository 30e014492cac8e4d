// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_signals.h"

#include <algorithm>
#include <array>

#include "drivers/js220_wire.h"
#include "proto/check.h"

namespace drivers::js220 {
namespace {

constexpr std::array<SignalInfo, 8> kSignals = {{
    {"current", "A", kPortCurrent, "s/i/ctrl"},
    {"voltage", "V", kPortVoltage, "s/v/ctrl"},
    {"current_range", "", kPortCurrentRange, "s/i/range/ctrl"},
    {"gpi0", "", kPortGpi0, "s/gpi/0/ctrl"},
    {"gpi1", "", kPortGpi0 + 1, "s/gpi/1/ctrl"},
    {"gpi2", "", kPortGpi0 + 2, "s/gpi/2/ctrl"},
    {"gpi3", "", kPortGpi0 + 3, "s/gpi/3/ctrl"},
    {"trigger", "", kPortTrigger, "s/gpi/7/ctrl"},
}};
constexpr std::size_t kFloatSignals = 2;
// With more digital inputs beside the current range the instrument sends nothing at all.
constexpr std::ptrdiff_t kInputsMaxWithRange = 3;

bool is_input(const SignalInfo& signal) { return signal.port >= kPortGpi0; }

}  // namespace

std::span<const SignalInfo> signals() { return kSignals; }

proto::Result<std::vector<SignalInfo>> select_signals(const std::vector<std::string>& codes) {
  const auto invalid = [](const std::string& what) {
    return proto::fail(std::make_error_code(std::errc::invalid_argument), what);
  };
  std::vector<SignalInfo> selected(kSignals.begin(), kSignals.begin() + kFloatSignals);
  for (const std::string& name : codes) {
    const auto known = std::ranges::find(kSignals, name, &SignalInfo::name);
    if (known == kSignals.end()) {
      return invalid("record signal '" + name +
                     "': a JS220 has current_range, gpi0, gpi1, gpi2, gpi3 and trigger");
    }
    const bool twice = std::ranges::any_of(
        selected, [&](const SignalInfo& signal) { return signal.port == known->port; });
    if (twice) return invalid("record signal '" + name + "': it is recorded already");
    selected.push_back(*known);
  }
  const bool with_range = std::ranges::find(codes, "current_range") != codes.end();
  if (with_range && std::ranges::count_if(selected, is_input) > kInputsMaxWithRange) {
    return invalid(
        "record signals: a JS220 gives at most 3 of gpi0-gpi3 and trigger beside current_range");
  }
  return selected;
}

proto::Signal describe(const SignalInfo& signal) {
  const auto format = stream_format(signal.port);
  WS_CHECK(format.has_value());
  return {.name = std::string(signal.name),
          .unit = std::string(signal.unit),
          .rate_hz = static_cast<double>(kSampleIdRateHz) / format->ids_per_element,
          .ids_per_value = format->ids_per_element};
}

}  // namespace drivers::js220
