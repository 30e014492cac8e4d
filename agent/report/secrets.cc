// SPDX-License-Identifier: Apache-2.0
#include "agent/report/secrets.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/config/config_keys.h"
#include "agent/config/pass_through.h"

namespace agent {
namespace {

constexpr std::size_t kFileBytesMax = 64 << 10;
constexpr std::size_t kLineBytesMin = 16;  // of a key's text; shorter lines are words
constexpr std::string_view kInstead = "<secret>";

std::string without_line_end(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return std::string(text);
}

std::string as_json(const std::string& text) {
  const std::string quoted =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

void replace_all(std::string& text, const std::string& secret) {
  for (auto at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + kInstead.size())) {
    text.replace(at, secret.size(), kInstead);
  }
}

// Also what read_secret() refuses: a password that everybody can read is one.
void add_file(const std::filesystem::path& path, Secrets& secrets) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return;
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  secrets.add(text);
}

void add_folder(const std::string& folder, Secrets& secrets) {
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    add_file(at->path(), secrets);
  }
}

void add_setting(const std::string& text, const Credentials& credentials, Secrets& secrets) {
  if (text.empty()) return;
  if (!is_secret_name(text)) secrets.add(text);
  if (const auto path = secret_path(text, credentials)) add_file(*path, secrets);
}

}  // namespace

void Secrets::add(std::string_view text) {
  const auto keep = [this](const std::string& secret) {
    for (const std::string& form : {secret, as_json(secret)}) {
      if (form.size() < kLeastBytes) continue;
      if (std::ranges::find(texts_, form) == texts_.end()) texts_.push_back(form);
    }
  };
  const std::string whole = without_line_end(text);
  keep(whole);
  for (std::size_t begin = 0; begin < whole.size();) {
    const std::size_t end = std::min(whole.find('\n', begin), whole.size());
    const std::string line = without_line_end(whole.substr(begin, end - begin));
    if (line.size() >= kLineBytesMin && !line.starts_with("-----")) keep(line);
    begin = end + 1;
  }
  std::ranges::stable_sort(texts_, std::greater<>(), &std::string::size);
}

std::string Secrets::scrub(std::string text) const {
  for (const std::string& secret : texts_) replace_all(text, secret);
  return text;
}

Secrets known_secrets(const LoadedConfig& loaded) {
  Secrets secrets;
  const Config& config = loaded.config;
  for (const KeySpec& key : config_keys()) {
    if (key.type != KeyType::kSecretFile) continue;
    add_setting(config.settings.text(key.path), loaded.credentials, secrets);
  }
  for (const PassThrough& entry : config.kafka) {
    if (names_secret_file(entry.name)) {
      add_setting(entry.value, loaded.credentials, secrets);
    } else if (!may_be_shown(entry)) {
      secrets.add(entry.value);
    }
  }
  for (const std::string& folder : {loaded.credentials.unit, loaded.credentials.site}) {
    if (!folder.empty()) add_folder(folder, secrets);
  }
  return secrets;
}

}  // namespace agent
