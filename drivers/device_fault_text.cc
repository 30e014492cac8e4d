// SPDX-License-Identifier: Apache-2.0
#include "drivers/device_fault_text.h"

#include <charconv>
#include <system_error>

namespace drivers {

std::optional<std::int64_t> parse_fault_number(std::string_view text, std::string_view* rest) {
  std::int64_t number = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc()) return std::nullopt;
  const std::string_view left(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (rest != nullptr) {
    *rest = left;
  } else if (!left.empty()) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::int64_t> parse_fault_duration_ns(std::string_view text) {
  std::string_view unit;
  const auto number = parse_fault_number(text, &unit);
  if (!number || *number < 0 || *number > 1'000'000'000) return std::nullopt;
  if (unit == "us") return *number * 1'000;
  if (unit == "ms") return *number * 1'000'000;
  if (unit == "s") return *number * 1'000'000'000;
  return std::nullopt;
}

}  // namespace drivers
