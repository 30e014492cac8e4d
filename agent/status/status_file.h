// SPDX-License-Identifier: Apache-2.0
// The status on disk, for when the daemon hangs: replaced as a whole (write, rename), so that a
// reader never sees half of it.
#pragma once

#include <string>

#include "proto/result.h"

namespace agent {

proto::Result<void> write_status_file(const std::string& path, const std::string& json);
proto::Result<std::string> read_status_file(const std::string& path);

}  // namespace agent
