// SPDX-License-Identifier: Apache-2.0
// The SQLite that this process runs with: "3.40.1".
#pragma once

#include <string_view>

namespace buffer {

std::string_view sqlite_version();

}  // namespace buffer
