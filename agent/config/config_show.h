// SPDX-License-Identifier: Apache-2.0
// The effective configuration and where each value came from. Secrets are files, so none is in it.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config_load.h"

namespace agent {

// TOML that loads to the same configuration; the origin of each value is its comment.
std::string show_config_toml(const Config& config);
std::string show_config_json(const LoadedConfig& loaded);

struct ConfigChanges {
  std::vector<std::string> reloadable;  // keys
  std::vector<std::string> restart;     // keys that keep their old value until a restart
};
ConfigChanges compare_config(const Config& old_config, const Config& new_config);

}  // namespace agent
