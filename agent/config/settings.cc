// SPDX-License-Identifier: Apache-2.0
#include "agent/config/settings.h"

#include <cmath>
#include <utility>

#include "proto/check.h"

namespace agent {

void Settings::set(std::string_view path, Setting setting) {
  values_.insert_or_assign(std::string(path), std::move(setting));
}

const Setting& Settings::get(std::string_view path) const {
  const auto at = values_.find(path);
  WS_CHECK(at != values_.end());
  return at->second;
}

bool Settings::has(std::string_view path) const {
  const Setting& setting = get(path);
  return !setting.text.empty() || !setting.list.empty();
}

std::uint64_t Settings::bytes(std::string_view path) const {
  return static_cast<std::uint64_t>(std::llround(get(path).amount));
}

std::chrono::milliseconds Settings::milliseconds(std::string_view path) const {
  return std::chrono::milliseconds(std::llround(get(path).amount));
}

}  // namespace agent
