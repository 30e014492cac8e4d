// SPDX-License-Identifier: Apache-2.0
// TOML text into a tree with positions. The one file that knows toml++ (and its exceptions) is
// toml_document.cc.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/config/config_node.h"

namespace agent {

// `source` is what origins are named after: the file's path. Never throws, whatever the bytes.
tl::expected<ConfigNode, ConfigIssue> parse_toml(std::string_view text, const std::string& source);

}  // namespace agent
