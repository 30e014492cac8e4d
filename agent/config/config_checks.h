// SPDX-License-Identifier: Apache-2.0
// What one key alone cannot tell: whether keys fit each other, the instruments and the machine.
#pragma once

#include <string>
#include <vector>

#include "agent/config/secret_file.h"
#include "agent/config/settings.h"

namespace agent {

// The rate of values (i, v) of a model at full rate; 0: a model that this program does not know.
double model_value_rate_hz(std::string_view model);

std::vector<ConfigIssue> check_config(const Config& config, const Credentials& credentials);

}  // namespace agent
