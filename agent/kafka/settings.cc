// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/settings.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <numeric>
#include <optional>

#include "agent/kafka/kafka_errc.h"
#include "agent/kafka/settings_table.h"

namespace agent {
namespace {

// `_` and `.` are the same, so that "sasl_password_file" is "sasl.password_file".
std::string folded(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '_', '.');
  return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, replaced});
      diagonal = above;
    }
  }
  return row.back();
}

std::string did_you_mean(const std::string& name) {
  std::string_view best;
  std::size_t best_distance = name.size() / 3 + 1;
  for (const SettingSpec& spec : kafka_setting_specs()) {
    const std::size_t distance = edit_distance(name, folded(spec.name));
    if (distance < best_distance) {
      best = spec.name;
      best_distance = distance;
    }
  }
  return best.empty() ? "" : "; did you mean `" + std::string(best) + "`?";
}

tl::unexpected<proto::Error> bad_value(std::string_view name, const std::string& value,
                                       std::string_view wanted) {
  return proto::fail(KafkaErrc::kBadValue, "kafka." + std::string(name) + " = \"" + value +
                                               "\": expected " + std::string(wanted));
}

tl::unexpected<proto::Error> unreadable(std::string_view name, const std::string& path) {
  return proto::fail(KafkaErrc::kUnreadableFile,
                     "kafka." + std::string(name) + ": read " + path + ": " + std::strerror(errno));
}

// A bare name is a systemd credential; the directory is systemd's to tell.
std::string credential_path(const std::string& value) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (value.find('/') != std::string::npos || directory == nullptr) return value;
  return std::string(directory) + "/" + value;
}

proto::Result<std::string> read_secret(const SettingSpec& spec, const std::string& value) {
  const std::string path = credential_path(value);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string secret;
  if (!file || (!std::getline(file, secret) && file.bad())) return unreadable(spec.name, path);
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  if (secret.empty()) {
    return proto::fail(KafkaErrc::kUnreadableFile,
                       "kafka." + std::string(spec.name) + ": " + path + " is empty");
  }
  return secret;
}

proto::Result<std::string> check_integer(const SettingSpec& spec, const std::string& value) {
  const auto dots = spec.range.find("..");
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::int64_t number = 0;
  std::from_chars(spec.range.data(), spec.range.data() + dots, low);
  std::from_chars(spec.range.data() + dots + 2, spec.range.data() + spec.range.size(), high);
  const char* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number < low || number > high) {
    return bad_value(spec.name, value, "a whole number, " + std::string(spec.range));
  }
  return value;
}

// Case does not matter; the table's spelling is returned.
proto::Result<std::string> check_choice(const SettingSpec& spec, const std::string& value) {
  const auto same = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
  std::string_view rest = spec.range;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find('|'));
    if (std::ranges::equal(word, value, same)) return std::string(word);
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  return bad_value(spec.name, value, "one of " + std::string(spec.range));
}

proto::Result<std::string> check_brokers(const SettingSpec& spec, const std::string& value) {
  std::string_view rest = value;
  bool last = false;
  while (!last) {
    const auto comma = rest.find(',');
    std::string_view broker = rest.substr(0, comma);
    last = comma == std::string_view::npos;
    if (!last) rest.remove_prefix(comma + 1);
    while (broker.starts_with(' ')) broker.remove_prefix(1);
    while (broker.ends_with(' ')) broker.remove_suffix(1);
    const auto colon = broker.rfind(':');
    unsigned port = 0;
    if (colon == std::string_view::npos || colon == 0) {
      return bad_value(spec.name, value, "host:port, host:port ...");
    }
    const char* const end = broker.data() + broker.size();
    const auto parsed = std::from_chars(broker.data() + colon + 1, end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end || port == 0 || port > 65535) {
      return bad_value(spec.name, value, "a port from 1 to 65535 after each host");
    }
  }
  return value;
}

proto::Result<std::string> check_value(const SettingSpec& spec, const std::string& value) {
  switch (spec.type) {
    case SettingType::kText:
      if (value.empty()) return bad_value(spec.name, value, "a text");
      return value;
    case SettingType::kBrokers:
      return check_brokers(spec, value);
    case SettingType::kChoice:
      return check_choice(spec, value);
    case SettingType::kBool:
      if (value != "true" && value != "false") return bad_value(spec.name, value, "true or false");
      return value;
    case SettingType::kInteger:
      return check_integer(spec, value);
    case SettingType::kPath:
      errno = 0;
      if (!std::ifstream(value)) return unreadable(spec.name, value);
      return value;
    case SettingType::kSecretFile:
      return read_secret(spec, value);
  }
  return value;
}

tl::unexpected<proto::Error> not_allowed(const std::string& key) {
  const std::string name = folded(key);
  for (const RefusedSetting& refused : refused_kafka_settings()) {
    if (folded(refused.name) != name) continue;
    std::string text = "kafka." + std::string(refused.name) + ": " + std::string(refused.reason);
    for (const SettingSpec& spec : kafka_setting_specs()) {
      if (spec.target == refused.name) text += "; use " + std::string(spec.name);
    }
    return proto::fail(KafkaErrc::kRefusedSetting, text);
  }
  return proto::fail(KafkaErrc::kUnknownSetting, "kafka." + key + did_you_mean(name));
}

bool switches_check_off(const std::pair<std::string, std::string>& setting) {
  return setting ==
             std::pair<std::string, std::string>{"ssl.endpoint.identification.algorithm", "none"} ||
         setting ==
             std::pair<std::string, std::string>{"enable.ssl.certificate.verification", "false"};
}

}  // namespace

proto::Result<KafkaSettings> check_kafka_settings(const KafkaSettings& raw) {
  KafkaSettings checked;
  bool insecure = false;
  for (const auto& setting : raw) {
    const auto& [name_as_given, value] = setting;
    const std::string& key = name_as_given;  // clang 14: a lambda cannot capture a binding
    const auto specs = kafka_setting_specs();
    const auto at = std::ranges::find_if(
        specs, [&](const SettingSpec& spec) { return folded(spec.name) == folded(key); });
    if (at == specs.end()) return not_allowed(key);
    const std::string_view name = at->target.empty() ? at->name : at->target;
    if (name == kInsecureKey) {
      if (value != kInsecureWord) {
        return bad_value(kInsecureKey, value, "\"" + std::string(kInsecureWord) + "\"");
      }
      insecure = true;
      continue;
    }
    auto result = check_value(*at, value);
    if (!result) return tl::unexpected(result.error());
    if (std::ranges::find(checked, name, &KafkaSettings::value_type::first) != checked.end()) {
      return proto::fail(KafkaErrc::kBadValue, "kafka." + key + " is given twice");
    }
    checked.emplace_back(name, std::move(*result));
  }
  const auto off = std::ranges::find_if(checked, switches_check_off);
  if (off != checked.end() && !insecure) {
    return proto::fail(KafkaErrc::kRefusedSetting,
                       "kafka." + off->first + " = " + off->second +
                           " lets anyone read and change the data; if that is meant, set kafka." +
                           std::string(kInsecureKey) + " = \"" + std::string(kInsecureWord) + "\"");
  }
  return checked;
}

bool is_secret_setting(std::string_view librdkafka_name) {
  return std::ranges::any_of(kafka_setting_specs(), [&](const SettingSpec& spec) {
    return spec.type == SettingType::kSecretFile && spec.target == librdkafka_name;
  });
}

}  // namespace agent
