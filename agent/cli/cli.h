// SPDX-License-Identifier: Apache-2.0
// The program `wattspool`: finds the verb, checks its arguments, runs it.
#pragma once

#include <string>
#include <vector>

#include "agent/cli/cli_context.h"

namespace agent {

// `arguments` without the program's name. The exit code: 2 for wrong usage, else the verb's.
int run_cli(const std::vector<std::string>& arguments, CliContext cli);

}  // namespace agent
