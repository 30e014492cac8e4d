// SPDX-License-Identifier: Apache-2.0
// The merged tree against the key table: all mistakes at once, none fatal to the others.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config_node.h"
#include "agent/config/settings.h"

namespace agent {

struct ReadConfig {
  Config config;  // what was wrong is left at its default
  std::vector<ConfigIssue> issues;
};

// An [[instrument]] that says nothing: the defaults, and what `top` says of all instruments.
Settings instrument_defaults(const Settings& top, const Origin& origin);

ReadConfig read_config(const ConfigNode& tree);

}  // namespace agent
