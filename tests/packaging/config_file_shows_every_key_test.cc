// SPDX-License-Identifier: Apache-2.0
// The configuration file of the package sets nothing. Uncommented it sets every key: to its
// default, or to an example where it has none.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "agent/config/config_keys.h"
#include "agent/config/config_reader.h"
#include "agent/config/toml_document.h"

namespace agent {
namespace {

constexpr const char* kFile = WATTSPOOL_SOURCE_DIR "/packaging/wattspool.toml";

std::string text_of_file(bool uncommented) {
  std::ifstream file(kFile);
  std::string text;
  const std::regex commented(R"(#(\[|[a-z"]).*)");
  for (std::string line; std::getline(file, line);) {
    if (uncommented && std::regex_match(line, commented)) line.erase(0, 1);
    text += line + "\n";
  }
  return text;
}

ReadConfig read(bool uncommented) {
  const auto tree = parse_toml(text_of_file(uncommented), kFile);
  if (!tree) {
    ADD_FAILURE() << tree.error().to_string();
    return {};
  }
  ReadConfig read = read_config(*tree);
  for (const ConfigIssue& issue : read.issues) ADD_FAILURE() << issue.to_string();
  return read;
}

TEST(ConfigFileShowsEveryKey, AndSetsNone) {
  const ReadConfig file = read(false);
  for (const auto& [path, setting] : file.config.settings.all()) {
    EXPECT_FALSE(setting.is_set) << path;
  }
  EXPECT_TRUE(file.config.instruments.empty());
  EXPECT_TRUE(file.config.kafka.empty());
}

TEST(ConfigFileShowsEveryKey, WithItsDefault) {
  const ReadConfig file = read(true);
  for (const KeySpec& key : config_keys()) {
    if (key.type == KeyType::kAnyTable) continue;
    const Setting& setting = file.config.settings.get(key.path);
    EXPECT_TRUE(setting.is_set) << key.path;
    if (key.type == KeyType::kNumber) {
      EXPECT_EQ(setting.amount, std::stod(std::string(key.default_text))) << key.path;
    } else if (!key.default_text.empty()) {
      EXPECT_EQ(setting.text, key.default_text) << key.path;
    }
  }
  EXPECT_FALSE(file.config.kafka.empty()) << "kafka.settings";
}

TEST(ConfigFileShowsEveryKey, OfAnInstrumentToo) {
  const ReadConfig file = read(true);
  ASSERT_EQ(file.config.instruments.size(), 1U);
  for (const KeySpec& key : instrument_keys()) {
    const Setting& setting = file.config.instruments.front().get(key.path);
    EXPECT_EQ(setting.origin.source, kFile) << key.path;
  }
}

}  // namespace
}  // namespace agent
