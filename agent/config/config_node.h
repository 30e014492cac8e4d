// SPDX-License-Identifier: Apache-2.0
// The configuration as written, before any meaning: a tree of values that know where they came
// from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace agent {

// Where a value was set. line 0: the source has no lines (environment, built-in default).
struct Origin {
  std::string source;  // a file's path, "environment WATTSPOOL__LOG__LEVEL", "default"
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  std::string to_string() const {
    if (line == 0) return source;
    return source + ":" + std::to_string(line) + ":" + std::to_string(column);
  }
  bool operator==(const Origin&) const = default;
};

// One thing that is wrong with the configuration, in words for the person who wrote it.
struct ConfigIssue {
  enum class Kind : std::uint8_t {
    kMistake,
    kSecret,        // everything else is as it should be; a secret is absent or unusable
    kSecretDenied,  // this user may not read it; others may find all in order
  };
  Origin where;
  std::string message;
  Kind kind = Kind::kMistake;
  std::string to_string() const { return where.to_string() + ": " + message; }
  bool operator==(const ConfigIssue&) const = default;
};

enum class NodeKind { kText, kInteger, kNumber, kBoolean, kArray, kTable, kDateTime };
std::string_view to_string(NodeKind kind);  // "a string", "an integer" ...

struct ConfigMember;

struct ConfigNode {
  NodeKind kind = NodeKind::kTable;
  Origin origin;     // of the value
  std::string text;  // kText: the value; scalars: as one would print it
  std::int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  bool from_environment = false;      // then `text` is not typed yet
  std::vector<ConfigNode> items;      // kArray
  std::vector<ConfigMember> members;  // kTable, in the order of the text

  const ConfigNode* find(std::string_view name) const;
  ConfigNode* find(std::string_view name);
};

struct ConfigMember {
  std::string name;
  Origin origin;  // of the name
  ConfigNode value;
};

}  // namespace agent
