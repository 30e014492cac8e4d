// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_metadata.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace drivers::js220 {
namespace {

ValueType value_type(const std::string& dtype) {
  static constexpr std::array<std::pair<std::string_view, ValueType>, 8> kTypes = {{
      {"u8", ValueType::kU8},
      {"u16", ValueType::kU16},
      {"u64", ValueType::kU64},
      {"i8", ValueType::kI8},
      {"i16", ValueType::kI16},
      {"i32", ValueType::kI32},
      {"i64", ValueType::kI64},
      {"bool", ValueType::kU8},
  }};
  const auto* known =
      std::ranges::find(kTypes, dtype, &std::pair<std::string_view, ValueType>::first);
  return known == kTypes.end() ? ValueType::kU32 : known->second;
}

}  // namespace

bool Metadata::add(const std::string& topic, const std::string& json) {
  if (topics_.size() >= kTopicsMax && !topics_.contains(topic)) return false;
  const auto document = nlohmann::json::parse(json, nullptr, false);
  if (!document.is_object()) return false;
  auto& options = topics_[topic];
  options.clear();
  const auto dtype = document.find("dtype");
  const ValueType type = dtype != document.end() && dtype->is_string()
                             ? value_type(dtype->get<std::string>())
                             : ValueType::kU32;
  const auto listed = document.find("options");
  if (listed == document.end() || !listed->is_array()) return true;
  for (const auto& option : *listed) {
    // [value, name, further names ...]
    if (!option.is_array() || option.empty() || !option[0].is_number_integer()) continue;
    const auto bits = static_cast<std::uint64_t>(option[0].get<std::int64_t>());
    for (std::size_t i = 1; i < option.size(); ++i) {
      if (option[i].is_string())
        options.push_back({option[i].get<std::string>(), {type, bits, {}}});
    }
  }
  return true;
}

std::optional<Value> Metadata::option(const std::string& topic, std::string_view name) const {
  const auto known = topics_.find(topic);
  if (known == topics_.end()) return std::nullopt;
  const auto option = std::ranges::find(known->second, name, &Option::name);
  if (option == known->second.end()) return std::nullopt;
  return option->value;
}

std::string Metadata::option_names(const std::string& topic) const {
  std::string names;
  if (const auto known = topics_.find(topic); known != topics_.end()) {
    for (const Option& option : known->second) {
      names += (names.empty() ? "" : ", ") + option.name;
    }
  }
  return names;
}

}  // namespace drivers::js220
