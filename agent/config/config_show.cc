// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_show.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/config/config_keys.h"
#include "agent/config/pass_through.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

// TOML's basic strings escape as JSON's do. Bytes that are no UTF-8 cannot come from TOML, but can
// from the environment.
std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string value_text(const KeySpec& key, const Setting& setting) {
  if (key.type == KeyType::kTextList) {
    std::string text = "[";
    for (std::size_t i = 0; i < setting.list.size(); ++i) {
      text += (i == 0 ? "" : ", ") + quoted(setting.list[i]);
    }
    return text + "]";
  }
  if (key.type == KeyType::kInteger || key.type == KeyType::kNumber) return setting.text;
  return quoted(setting.text);
}

// What somebody wrote where a file or a credential belongs may be the secret itself.
bool is_hidden(const KeySpec& key, const Setting& setting) {
  return key.type == KeyType::kSecretFile && !setting.text.empty() && !is_secret_name(setting.text);
}

class Toml {
 public:
  explicit Toml(bool with_origin) : with_origin_(with_origin) {}

  void value(const std::string& name, const std::string& value, const Origin& origin) {
    const std::string text = name + " = " + value;
    out_ += with_origin_ ? fmt::format("{:<48}  # {}\n", text, origin.to_string()) : text + "\n";
  }
  void hidden(const std::string& name, const Origin& origin) {
    out_ += fmt::format("# {} is hidden, it may be a secret  # {}\n", name, origin.to_string());
  }
  void settings(std::span<const KeySpec> keys, const Settings& settings) {
    for (const KeySpec& key : keys) {
      if (key.type == KeyType::kAnyTable) continue;
      const Setting& setting = settings.get(key.path);
      const std::string name(key.path);
      if (is_hidden(key, setting)) {
        hidden(name, setting.origin);
      } else if (setting.is_set || !setting.text.empty() || !setting.list.empty()) {
        value(name, value_text(key, setting), setting.origin);
      }
    }
  }
  void text(const std::string& text) { out_ += text; }
  std::string take() { return std::move(out_); }

 private:
  const bool with_origin_;
  std::string out_;
};

void hide(Json& entry) {
  entry["value"] = nullptr;
  entry["hidden"] = true;
}

Json setting_json(std::span<const KeySpec> keys, const Settings& settings) {
  Json out = Json::object();
  for (const KeySpec& key : keys) {
    if (key.type == KeyType::kAnyTable) continue;
    const Setting& setting = settings.get(key.path);
    Json value;
    if (key.type == KeyType::kTextList) {
      value = setting.list;
    } else if (setting.text.empty() && !setting.is_set) {
      value = nullptr;
    } else {
      value = setting.text;
    }
    out[std::string(key.path)] = {{"value", value}, {"origin", setting.origin.to_string()}};
    if (is_hidden(key, setting)) hide(out[std::string(key.path)]);
  }
  return out;
}

Json pass_through_json(const std::vector<PassThrough>& entries) {
  Json out = Json::object();
  for (const PassThrough& entry : entries) {
    out[entry.name] = {{"value", entry.value}, {"origin", entry.origin.to_string()}};
  }
  return out;
}

bool is_of_kafka(const std::string& key) { return key.starts_with("kafka."); }

// Instruments are compared by id; adding and removing one needs a restart too.
void compare_instruments(const Config& before, const Config& after, ConfigChanges& changes) {
  if (before.instruments.size() != after.instruments.size()) {
    changes.restart.emplace_back("instrument");
    return;
  }
  for (std::size_t i = 0; i < before.instruments.size(); ++i) {
    for (const KeySpec& key : instrument_keys()) {
      if (!before.instruments[i].get(key.path).same_value(after.instruments[i].get(key.path))) {
        changes.restart.push_back(
            fmt::format("instrument {} {}", before.instruments[i].text("id"), key.path));
      }
    }
  }
}

}  // namespace

std::string show_config_toml(const Config& config, bool with_origin) {
  Toml toml(with_origin);
  toml.settings(config_keys(), config.settings);
  for (const PassThrough& entry : config.kafka) {
    const std::string name = "kafka.settings." + quoted(entry.name);
    if (may_be_shown(entry)) {
      toml.value(name, quoted(entry.value), entry.origin);
    } else {
      toml.hidden(name, entry.origin);
    }
  }
  // Comments: the profile gives them, and some are outside of what may be written by hand.
  for (const PassThrough& entry : config.kafka_profile) {
    toml.value("# kafka.settings." + quoted(entry.name), quoted(entry.value), entry.origin);
  }
  for (const Settings& instrument : config.instruments) {
    toml.text("\n[[instrument]]\n");
    toml.settings(instrument_keys(), instrument);
  }
  return toml.take();
}

std::string show_config_json(const LoadedConfig& loaded) {
  Json out = {{"schema", 1}, {"files", loaded.files}};
  out["settings"] = setting_json(config_keys(), loaded.config.settings);
  out["kafka_settings"] = pass_through_json(loaded.config.kafka);
  for (const PassThrough& entry : loaded.config.kafka) {
    if (!may_be_shown(entry)) hide(out["kafka_settings"][entry.name]);
  }
  out["kafka_profile_settings"] = pass_through_json(loaded.config.kafka_profile);
  Json instruments = Json::array();
  for (const Settings& instrument : loaded.config.instruments) {
    instruments.push_back(setting_json(instrument_keys(), instrument));
  }
  out["instruments"] = instruments;
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

ConfigChanges compare_config(const Config& old_config, const Config& new_config) {
  ConfigChanges changes;
  for (const KeySpec& key : config_keys()) {
    if (key.type == KeyType::kAnyTable) continue;
    if (old_config.settings.get(key.path).same_value(new_config.settings.get(key.path))) continue;
    auto& list = key.apply == Apply::kReload ? changes.reloadable : changes.restart;
    list.emplace_back(key.path);
  }
  const auto same_entry = [](const PassThrough& a, const PassThrough& b) {
    return a.name == b.name && a.value == b.value;
  };
  if (!std::equal(old_config.kafka.begin(), old_config.kafka.end(), new_config.kafka.begin(),
                  new_config.kafka.end(), same_entry)) {
    changes.restart.emplace_back("kafka.settings");
  }
  if (kafka_waits(changes)) {
    const auto rest = std::stable_partition(changes.reloadable.begin(), changes.reloadable.end(),
                                            [](const auto& key) { return !is_of_kafka(key); });
    changes.restart.insert(changes.restart.end(), rest, changes.reloadable.end());
    changes.reloadable.erase(rest, changes.reloadable.end());
  }
  compare_instruments(old_config, new_config, changes);
  return changes;
}

bool kafka_waits(const ConfigChanges& changes) {
  return std::ranges::any_of(changes.restart, is_of_kafka);
}

}  // namespace agent
