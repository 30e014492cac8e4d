// SPDX-License-Identifier: Apache-2.0
// What this program calls itself on the wire and to people. The version is Debian's changelog's.
#pragma once

#include <string_view>

namespace agent {

std::string_view version();     // "0.1.0"
std::string_view build_type();  // "RelWithDebInfo"

}  // namespace agent
