// SPDX-License-Identifier: Apache-2.0
// Secrets come from files and systemd credentials only; what is read here is never logged or shown.
#pragma once

#include <string>
#include <string_view>

#include "proto/result.h"

namespace agent {

// An absolute path as it is; a bare name inside $CREDENTIALS_DIRECTORY.
proto::Result<std::string> secret_path(std::string_view setting,
                                       const std::string& credentials_directory);

// The file's text without the newline at its end. Refuses a file that everybody can read, an empty
// one, and one above 64 KiB.
proto::Result<std::string> read_secret(const std::string& path);

}  // namespace agent
