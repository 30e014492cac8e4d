// SPDX-License-Identifier: Apache-2.0
// What this process uses, as the kernel tells it.
#pragma once

#include "agent/status/agent_status.h"

namespace agent {

// What cannot be read is 0.
ProcessUsage read_process_usage();

}  // namespace agent
