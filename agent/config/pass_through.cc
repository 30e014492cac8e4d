// SPDX-License-Identifier: Apache-2.0
#include "agent/config/pass_through.h"

#include <algorithm>

#include "agent/kafka/settings.h"

namespace agent {
namespace {

// `_` and `.` are the same there.
bool same_name(std::string_view a, std::string_view b) {
  const auto fold = [](char c) { return c == '_' ? '.' : c; };
  return std::ranges::equal(a, b, {}, fold, fold);
}

const SettingSpec* spec_of(std::string_view name) {
  const auto specs = kafka_setting_specs();
  const auto at = std::ranges::find_if(
      specs, [&](const SettingSpec& spec) { return same_name(spec.name, name); });
  return at == specs.end() ? nullptr : &*at;
}

}  // namespace

bool names_secret_file(std::string_view name) {
  const SettingSpec* const spec = spec_of(name);
  return spec != nullptr && spec->type == SettingType::kSecretFile;
}

proto::Result<std::string> pass_through_value(const PassThrough& entry,
                                              const Credentials& credentials) {
  if (!names_secret_file(entry.name)) return entry.value;
  return secret_path(entry.value, credentials);
}

bool may_be_shown(const PassThrough& entry) {
  if (names_secret_file(entry.name)) return is_secret_name(entry.value);
  return spec_of(entry.name) != nullptr;
}

}  // namespace agent
