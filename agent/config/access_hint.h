// SPDX-License-Identifier: Apache-2.0
// Why this user may not read a file, and who may.
#pragma once

#include <string>

namespace agent {

// "/etc/x belongs to root:wattspool, mode 0750; use sudo, or ...": of the first folder on the way
// that lets nobody like us in, else of the file. `path` is absolute.
std::string access_hint(const std::string& path);

}  // namespace agent
