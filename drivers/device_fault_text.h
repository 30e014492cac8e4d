// SPDX-License-Identifier: Apache-2.0
// The words of which a fault of an emulated instrument is written. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace drivers {

// A decimal number, its sign allowed. What follows it goes to `rest`; without one nothing may.
std::optional<std::int64_t> parse_fault_number(std::string_view text,
                                               std::string_view* rest = nullptr);
// "500ms", "2s", "20us".
std::optional<std::int64_t> parse_fault_duration_ns(std::string_view text);

}  // namespace drivers
