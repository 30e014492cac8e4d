// SPDX-License-Identifier: Apache-2.0
// One value of the tree against one row of the key table.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "agent/config/config_keys.h"
#include "agent/config/config_node.h"
#include "agent/config/settings.h"

namespace agent {

// The error is the sentence after "<key>: ".
tl::expected<Setting, std::string> read_setting(const KeySpec& key, const ConfigNode& node);

// The key's default; it must be valid.
Setting default_setting(const KeySpec& key);

// "js220/001234": both parts are wire ids and so is "js220-001234".
bool is_instrument_id(std::string_view text);

}  // namespace agent
