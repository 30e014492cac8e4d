// SPDX-License-Identifier: Apache-2.0
// What this program calls itself on the wire and to people. The version is Debian's changelog's.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent {

std::string_view version();     // "0.1.0"
std::string_view build_type();  // "RelWithDebInfo"

// The libraries that this process runs with, which need not be those it was built with:
// {"librdkafka", "2.0.2"}, ...
std::vector<std::pair<std::string, std::string>> library_versions();

// For --version of either program, several lines; `program` is its name.
std::string version_text(std::string_view program);

}  // namespace agent
