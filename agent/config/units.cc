// SPDX-License-Identifier: Apache-2.0
#include "agent/config/units.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace agent {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

// Largest first: the order in which format_quantity() tries them.
constexpr std::array kDurations = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"min", 60'000},
                                   Unit{"s", 1'000},      Unit{"ms", 1},        Unit{"us", 0.001}};
constexpr std::array kSizes = {Unit{"TiB", 1099511627776.0},
                               Unit{"TB", 1e12},
                               Unit{"GiB", 1073741824.0},
                               Unit{"GB", 1e9},
                               Unit{"MiB", 1048576.0},
                               Unit{"MB", 1e6},
                               Unit{"KiB", 1024.0},
                               Unit{"kB", 1e3},
                               Unit{"B", 1}};
constexpr std::array kRates = {Unit{"MHz", 1e6}, Unit{"kHz", 1e3}, Unit{"Hz", 1}};

std::span<const Unit> units_of(UnitKind kind) {
  switch (kind) {
    case UnitKind::kDuration:
      return kDurations;
    case UnitKind::kRate:
      return kRates;
    case UnitKind::kSize:
    case UnitKind::kByteRate:
      return kSizes;
  }
  return {};
}

std::string_view suffix_of(UnitKind kind) { return kind == UnitKind::kByteRate ? "/s" : ""; }

std::string known_units(UnitKind kind) {
  std::string names;
  for (const Unit& unit : units_of(kind)) {
    if (!names.empty()) names += ", ";
    names += std::string(unit.name) + std::string(suffix_of(kind));
  }
  return names;
}

}  // namespace

tl::expected<double, std::string> parse_quantity(std::string_view text, UnitKind kind) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || number < 0) {
    return tl::unexpected(fmt::format("\"{}\" does not begin with a number >= 0; units: {}", text,
                                      known_units(kind)));
  }
  std::string_view unit_text = text.substr(static_cast<std::size_t>(end - text.data()));
  while (!unit_text.empty() && unit_text.front() == ' ') unit_text.remove_prefix(1);
  for (const Unit& unit : units_of(kind)) {
    if (unit_text == std::string(unit.name) + std::string(suffix_of(kind))) {
      return number * unit.factor;
    }
  }
  if (unit_text.empty()) {
    return tl::unexpected(
        fmt::format("\"{}\" has no unit; write one of {}", text, known_units(kind)));
  }
  return tl::unexpected(
      fmt::format("unknown unit \"{}\" in \"{}\"; known: {}", unit_text, text, known_units(kind)));
}

std::string format_quantity(double amount, UnitKind kind) {
  const auto units = units_of(kind);
  for (const Unit& unit : units) {
    const double count = amount / unit.factor;
    // Two decimals at the most, so that 1,000,000 B prints as 1MB and never as 0.95MiB.
    if (count >= 1 && count < 10'000 && std::fabs(count * 100 - std::round(count * 100)) < 1e-9) {
      return fmt::format("{}{}{}", count, unit.name, suffix_of(kind));
    }
  }
  const Unit& smallest = units.back();
  return fmt::format("{}{}{}", amount / smallest.factor, smallest.name, suffix_of(kind));
}

}  // namespace agent
