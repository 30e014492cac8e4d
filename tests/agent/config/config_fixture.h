// SPDX-License-Identifier: Apache-2.0
// A directory with configuration files in it, and what loading them says.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "agent/config/config_load.h"

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void write(const std::string& name, const std::string& text, int mode = 0640);
  void set_environment(const std::string& name, const std::string& value);
  agent::LoadedConfig load();
  // The issues, one a line, with the directory's name left out.
  std::string issues_of(const std::string& text);
  std::string issues(const agent::LoadedConfig& loaded) const;

  std::string directory_;
  agent::ConfigSources sources_;
};
