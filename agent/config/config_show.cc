// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_show.h"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

#include "agent/config/config_keys.h"

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

std::string line(const std::string& name, const std::string& value, const Origin& origin) {
  return fmt::format("{:<48}  # {}\n", name + " = " + value, origin.to_string());
}

std::string setting_lines(std::span<const KeySpec> keys, const Settings& settings) {
  std::string out;
  for (const KeySpec& key : keys) {
    if (key.type == KeyType::kAnyTable) continue;
    const Setting& setting = settings.get(key.path);
    const bool empty = setting.text.empty() && setting.list.empty() && !setting.is_set;
    if (!empty) out += line(std::string(key.path), value_text(key, setting), setting.origin);
  }
  return out;
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

std::string show_config_toml(const Config& config) {
  std::string out = setting_lines(config_keys(), config.settings);
  for (const PassThrough& entry : config.kafka) {
    out += line("kafka.settings." + quoted(entry.name), quoted(entry.value), entry.origin);
  }
  // Comments: the profile gives them, and some are outside of what may be written by hand.
  for (const PassThrough& entry : config.kafka_profile) {
    out += "# " + line("kafka.settings." + quoted(entry.name), quoted(entry.value), entry.origin);
  }
  for (const Settings& instrument : config.instruments) {
    out += "\n[[instrument]]\n" + setting_lines(instrument_keys(), instrument);
  }
  return out;
}

std::string show_config_json(const LoadedConfig& loaded) {
  Json out = {{"schema", 1}, {"files", loaded.files}};
  out["settings"] = setting_json(config_keys(), loaded.config.settings);
  out["kafka_settings"] = pass_through_json(loaded.config.kafka);
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
  compare_instruments(old_config, new_config, changes);
  return changes;
}

}  // namespace agent
