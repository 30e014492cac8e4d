// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/file_digest.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

namespace agent {
namespace {

bool names_file(std::string_view name) {
  return std::ranges::any_of(kafka_setting_specs(), [&](const SettingSpec& spec) {
    return spec.type == SettingType::kPath && spec.name == name;
  });
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "unreadable";
  return "readable" + std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

std::size_t digest_of_files(const KafkaSettings& checked) {
  std::size_t digest = 0;
  for (const auto& [name, path] : checked) {
    if (!names_file(name)) continue;
    digest = digest * 31 + std::hash<std::string>()(name + path + text_of(path));
  }
  return digest;
}

}  // namespace agent
