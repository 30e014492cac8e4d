// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/duration_argument.h"

#include <algorithm>
#include <cmath>

#include "agent/config/units.h"
#include "proto/check.h"

namespace agent {
namespace {

constexpr double kMaxMs = 100.0 * 365 * 86'400'000;

tl::expected<double, std::string> parse(const std::string& text) {
  const bool bare = std::all_of(text.begin(), text.end(),
                                [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  // People type 30m; the configuration, which is read more often than written, wants 30min.
  if (text.size() > 1 && text.back() == 'm' &&
      text.find_first_not_of("0123456789.") == text.size() - 1) {
    return parse_quantity(text + "in", UnitKind::kDuration);
  }
  return parse_quantity(bare ? text + "s" : text, UnitKind::kDuration);
}

}  // namespace

std::string duration_problem(const std::string& text) {
  const auto amount_ms = parse(text);
  if (!amount_ms) return amount_ms.error();
  if (*amount_ms < 0 || *amount_ms > kMaxMs) return "\"" + text + "\" is more than 100 years";
  return "";
}

std::chrono::milliseconds duration_of(const std::string& text) {
  const auto amount_ms = parse(text);
  WS_CHECK(amount_ms.has_value());
  return std::chrono::milliseconds(std::llround(*amount_ms));
}

}  // namespace agent
