// SPDX-License-Identifier: Apache-2.0
// wattspool.toml(5) names every key with its type, default, range and effect, and no other.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/config_keys.h"

namespace agent {
namespace {

using Entry = std::pair<std::string, std::string>;  // key, its line of facts

// Underscores have a meaning in the page's source.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '_' ? std::string("\\_") : std::string(1, c);
  return out;
}

std::string facts(const KeySpec& key) {
  std::string line = "Type: " + std::string(to_string(key.type)) + ".";
  const bool quoted = key.type != KeyType::kInteger && key.type != KeyType::kNumber;
  const std::string quote = quoted ? "\"" : "";
  if (!key.default_text.empty()) {
    line += " Default: " + quote + std::string(key.default_text) + quote + ".";
  }
  const std::string range = range_text(key);
  if (!range.empty()) line += " Range: " + range + ".";
  line +=
      key.apply == Apply::kReload ? " Takes effect at a reload." : " Takes effect at a restart.";
  return escaped(line);
}

std::vector<Entry> entries_of(std::span<const KeySpec> keys) {
  std::vector<Entry> entries;
  for (const KeySpec& key : keys) entries.emplace_back(key.path, facts(key));
  return entries;
}

// The entries between a heading that begins with `heading` and the next one. An entry is a line
// "*key*", then indented text whose last line are the facts.
std::vector<Entry> entries_in_page(std::string_view heading) {
  std::ifstream page(WATTSPOOL_SOURCE_DIR "/packaging/man/wattspool.toml.5.scd");
  std::vector<Entry> entries;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("# ", 0) == 0) {
      inside = line == heading;
    } else if (inside && line.size() > 2 && line.front() == '*' && line.back() == '*') {
      entries.emplace_back(line.substr(1, line.size() - 2), "");
    } else if (inside && line.size() > 1 && line.front() == '\t' && !entries.empty()) {
      entries.back().second = line.substr(1);
    }
  }
  return entries;
}

TEST(ManualNamesEveryKey, OfTheWholeConfiguration) {
  EXPECT_EQ(entries_in_page("# KEYS"), entries_of(config_keys()));
}

TEST(ManualNamesEveryKey, OfOneInstrument) {
  EXPECT_EQ(entries_in_page("# KEYS OF ONE [[INSTRUMENT]]"), entries_of(instrument_keys()));
}

// A type that a key has is explained.
TEST(ManualNamesEveryKey, AndEveryType) {
  std::ifstream page(WATTSPOOL_SOURCE_DIR "/packaging/man/wattspool.toml.5.scd");
  std::stringstream text;
  text << page.rdbuf();
  for (const auto keys : {config_keys(), instrument_keys()}) {
    for (const KeySpec& key : keys) {
      EXPECT_NE(text.str().find("*" + std::string(to_string(key.type)) + "*"), std::string::npos)
          << to_string(key.type);
    }
  }
}

}  // namespace
}  // namespace agent
