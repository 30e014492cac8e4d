// SPDX-License-Identifier: Apache-2.0
// What a person reads who mistyped a command.
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace agent {

// "wattspool status: there is no option --jsno; did you mean --json?
// Try: wattspool status --help"
std::string explain_usage_error(const CLI::App& app, const CLI::ParseError& error);

}  // namespace agent
