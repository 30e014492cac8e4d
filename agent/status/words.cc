// SPDX-License-Identifier: Apache-2.0
#include "agent/status/words.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <cmath>
#include <utility>

namespace agent {
namespace {

// Three significant digits without trailing zeros: 1.25, 20, 160.
std::string short_number(double value) {
  const double size = std::fabs(value);
  std::string text = size >= 99.95   ? fmt::format("{:.0f}", value)
                     : size >= 9.995 ? fmt::format("{:.1f}", value)
                                     : fmt::format("{:.2f}", value);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

}  // namespace

std::string age_text(double seconds) {
  if (!(seconds > 0)) seconds = 0;
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  const auto minutes = static_cast<std::int64_t>(seconds / 60);
  if (minutes < 120) return fmt::format("{} min", minutes);
  const std::int64_t hours = minutes / 60;
  if (hours < 48) return fmt::format("{} h {} min", hours, minutes % 60);
  return fmt::format("{} d {} h", hours / 24, hours % 24);
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return short_number(value) + " " + kUnits[unit];
}

std::string si_text(double value, const char* unit) {
  constexpr std::array<std::pair<double, const char*>, 7> kPrefixes = {
      {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "µ"}, {1e-9, "n"}}};
  for (const auto& [factor, prefix] : kPrefixes) {
    if (std::fabs(value) >= factor) {
      return short_number(value / factor) + " " + prefix + unit;
    }
  }
  return std::string("0 ") + unit;
}

std::string sample_rate_text(double rate_hz) { return si_text(rate_hz, "S/s"); }

std::string count_text(std::uint64_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace agent
