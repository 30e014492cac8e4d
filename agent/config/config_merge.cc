// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_merge.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <charconv>
#include <span>
#include <string_view>

namespace agent {
namespace {

constexpr std::string_view kRulePrefix = "WATTSPOOL__";

std::vector<std::string> path_of(std::string_view name) {
  name.remove_prefix(kRulePrefix.size());
  std::vector<std::string> parts;
  while (true) {
    const auto at = name.find("__");
    std::string part(name.substr(0, at));
    for (char& c : part) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    parts.push_back(std::move(part));
    if (at == std::string_view::npos) break;
    name = name.substr(at + 2);
  }
  // librdkafka's names have dots and no underscores between words.
  if (parts.size() > 3 && parts[0] == "kafka" && parts[1] == "settings") {
    for (std::size_t i = 3; i < parts.size(); ++i) parts[2] += "." + parts[i];
    parts.resize(3);
  }
  return parts;
}

void set_at(ConfigNode& table, std::span<const std::string> path, ConfigNode value) {
  table.kind = NodeKind::kTable;
  ConfigNode* member = table.find(path.front());
  if (member == nullptr) {
    table.members.push_back({path.front(), value.origin, ConfigNode{}});
    member = &table.members.back().value;
    member->origin = value.origin;
  }
  if (path.size() == 1) {
    *member = std::move(value);
  } else {
    set_at(*member, path.subspan(1), std::move(value));
  }
}

ConfigNode* instrument_at(ConfigNode& base, const std::string& number) {
  ConfigNode* instruments = base.find("instrument");
  std::size_t index = 0;
  const char* const end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, index);
  const bool valid = parsed.ec == std::errc() && parsed.ptr == end && instruments != nullptr &&
                     index >= 1 && index <= instruments->items.size();
  return valid ? &instruments->items[index - 1] : nullptr;
}

}  // namespace

void merge(ConfigNode& base, ConfigNode&& over) {
  for (ConfigMember& member : over.members) {
    ConfigNode* const present = base.find(member.name);
    if (present == nullptr) {
      base.members.push_back(std::move(member));
    } else if (present->kind == NodeKind::kTable && member.value.kind == NodeKind::kTable) {
      merge(*present, std::move(member.value));
    } else {
      *present = std::move(member.value);
    }
  }
}

std::vector<ConfigIssue> merge_environment(ConfigNode& base,
                                           const EnvironmentVariables& environment) {
  std::vector<ConfigIssue> issues;
  for (const auto& [name, text] : environment) {
    if (name.rfind(kRulePrefix, 0) != 0) continue;
    ConfigNode value;
    value.kind = NodeKind::kText;
    value.text = text;
    value.from_environment = true;
    value.origin = {"environment " + name, 0, 0};
    const std::vector<std::string> path = path_of(name);
    if (path.front() != "instrument") {
      set_at(base, path, std::move(value));
      continue;
    }
    ConfigNode* const instrument = path.size() < 3 ? nullptr : instrument_at(base, path[1]);
    if (instrument == nullptr) {
      issues.push_back({value.origin,
                        "names no configured instrument; the rule is "
                        "WATTSPOOL__INSTRUMENT__<number from 1>__KEY"});
      continue;
    }
    set_at(*instrument, std::span(path).subspan(2), std::move(value));
  }
  return issues;
}

EnvironmentVariables process_environment() {
  EnvironmentVariables variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (text.rfind(kRulePrefix, 0) == 0 && equals != std::string_view::npos) {
      variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

}  // namespace agent
