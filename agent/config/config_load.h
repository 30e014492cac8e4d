// SPDX-License-Identifier: Apache-2.0
// Which files and variables make the configuration, and in which order they win:
// defaults < FILE < conf.d/*.toml beside it, in lexical order < environment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/config/config_merge.h"
#include "agent/config/secret_file.h"
#include "agent/config/settings.h"

namespace agent {

inline constexpr const char* kDefaultConfigFile = "/etc/wattspool/wattspool.toml";

struct ConfigSources {
  std::optional<std::string> file;  // absent: kDefaultConfigFile, which may be missing
  EnvironmentVariables environment;
  std::string host_name;  // the default of agent.id
  Credentials credentials;
};

// Where the unit's credentials are after a reload, for the daemon only: kRenewedCredentials of the
// unit's runtime directory; empty outside of a unit.
std::string renewed_credentials();

// What this process was given.
ConfigSources process_sources(std::optional<std::string> file);

struct LoadedConfig {
  Config config;
  std::vector<ConfigIssue> issues;  // all of them; empty: the configuration is valid
  std::vector<std::string> files;   // read, in order
  Credentials credentials;
  bool ok() const { return issues.empty(); }
  // Whether each value is known; a secret behind a value may be absent or not for this user.
  bool ok_but_for_secrets() const;
  // Whether it may well be right: all that is amiss is that this user may not read a secret.
  bool ok_but_for_denied_secrets() const;
};

LoadedConfig load_config(const ConfigSources& sources);

}  // namespace agent
