// SPDX-License-Identifier: Apache-2.0
// What the instrument says of its own topics: which code stands for "auto". Pure; bounded.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/js220_pubsub.h"

namespace drivers::js220 {

class Metadata {
 public:
  static constexpr std::size_t kTopicsMax = 512;  // a JS220 has about a hundred

  // The JSON text of one topic; false: no JSON object, or too many topics.
  bool add(const std::string& topic, const std::string& json);
  // The value to publish for the option called `name`; absent when the topic is not described or
  // has no such option.
  std::optional<Value> option(const std::string& topic, std::string_view name) const;
  // "auto, manual, off", for people; empty when none is known.
  std::string option_names(const std::string& topic) const;
  void clear() { topics_.clear(); }

 private:
  struct Option {
    std::string name;
    Value value;
  };
  std::map<std::string, std::vector<Option>> topics_;
};

}  // namespace drivers::js220
