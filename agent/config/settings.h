// SPDX-License-Identifier: Apache-2.0
// Checked values by key. What is in here has the type and the range that the key table promises.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config_node.h"

namespace agent {

struct Setting {
  std::string text;   // as written; "" when nothing is set
  double amount = 0;  // in the key's base unit
  std::vector<std::string> list;
  Origin origin;
  bool is_set = false;  // by a file or the environment; else it is the default

  // What a reload compares: "60s" and "1min" are the same.
  bool same_value(const Setting& other) const {
    const bool same_amount = amount != 0 && amount == other.amount;
    return (text == other.text || same_amount) && list == other.list;
  }
};

// Asking for a key that the table does not have is a bug.
class Settings {
 public:
  void set(std::string_view path, Setting setting);

  const Setting& get(std::string_view path) const;
  bool has(std::string_view path) const;  // set, or with a default
  const std::string& text(std::string_view path) const { return get(path).text; }
  std::uint64_t bytes(std::string_view path) const;
  std::chrono::milliseconds milliseconds(std::string_view path) const;
  double amount(std::string_view path) const { return get(path).amount; }
  const std::vector<std::string>& list(std::string_view path) const { return get(path).list; }
  const std::map<std::string, Setting, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, Setting, std::less<>> values_;
};

// One entry of [kafka.settings]: a librdkafka name and its value.
struct PassThrough {
  std::string name;
  std::string value;
  Origin origin;
  bool operator==(const PassThrough&) const = default;
};

struct Config {
  Settings settings;                  // every key of config_keys()
  std::vector<Settings> instruments;  // every key of instrument_keys(), overrides resolved
  std::vector<PassThrough> kafka;
  std::vector<PassThrough> kafka_profile;  // librdkafka settings of kafka.profile; none contradicts
};

}  // namespace agent
