// SPDX-License-Identifier: Apache-2.0
// The effective configuration and where each value came from. Secrets are files, so none is in
// it; where somebody wrote a secret by mistake, the value is left out.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config_load.h"

namespace agent {

// TOML that loads to the same configuration; the origin of each value is its comment, unless
// `with_origin` is false. A value that may be a secret is a comment instead.
std::string show_config_toml(const Config& config, bool with_origin = true);
std::string show_config_json(const LoadedConfig& loaded);

struct ConfigChanges {
  std::vector<std::string> reloadable;  // keys. Of [kafka] none while one of it needs a restart
  std::vector<std::string> restart;     // keys that keep their old value until a restart
};
ConfigChanges compare_config(const Config& old_config, const Config& new_config);
// Whether a change of [kafka] waits for a restart; then all of it does.
bool kafka_waits(const ConfigChanges& changes);

}  // namespace agent
