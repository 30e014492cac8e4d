// SPDX-License-Identifier: Apache-2.0
#include "config_fixture.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

void ConfigTest::SetUp() {
  std::string pattern = ::testing::TempDir() + "config_XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  directory_ = pattern;
  std::filesystem::create_directory(directory_ + "/conf.d");
  sources_.file = directory_ + "/wattspool.toml";
  sources_.host_name = "bench-07";
}

void ConfigTest::TearDown() { std::filesystem::remove_all(directory_); }

void ConfigTest::write(const std::string& name, const std::string& text, int mode) {
  std::ofstream(path(name)) << text;
  ASSERT_EQ(::chmod(path(name).c_str(), static_cast<mode_t>(mode)), 0);
}

void ConfigTest::set_environment(const std::string& name, const std::string& value) {
  sources_.environment.emplace_back(name, value);
}

agent::LoadedConfig ConfigTest::load() { return agent::load_config(sources_); }

std::string ConfigTest::issues(const agent::LoadedConfig& loaded) const {
  std::string text;
  for (const agent::ConfigIssue& issue : loaded.issues) text += issue.to_string() + "\n";
  for (auto at = text.find(directory_ + "/"); at != std::string::npos;
       at = text.find(directory_ + "/")) {
    text.erase(at, directory_.size() + 1);
  }
  return text;
}

std::string ConfigTest::issues_of(const std::string& text) {
  write("wattspool.toml", text);
  return issues(load());
}
