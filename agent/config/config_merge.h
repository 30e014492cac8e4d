// SPDX-License-Identifier: Apache-2.0
// Several sources into one tree: later ones win; tables merge, arrays replace.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/config/config_node.h"

namespace agent {

void merge(ConfigNode& base, ConfigNode&& over);

using EnvironmentVariables = std::vector<std::pair<std::string, std::string>>;

// WATTSPOOL__SECTION__KEY sets section.key; WATTSPOOL__INSTRUMENT__1__KEY a key of the first
// [[instrument]]; WATTSPOOL__KAFKA__SETTINGS__A__B the librdkafka setting a.b. Whether a name
// exists is checked later, with everything else. Lists are separated by commas.
std::vector<ConfigIssue> merge_environment(ConfigNode& base,
                                           const EnvironmentVariables& environment);

// The variables of this process that follow the rule.
EnvironmentVariables process_environment();

}  // namespace agent
