// SPDX-License-Identifier: Apache-2.0
// The rules by which a status is healthy, degraded or critical. Pure; agent/README.md lists the
// codes.
#pragma once

#include "agent/status/agent_status.h"

namespace agent {

// Fills health and reasons from everything else.
void judge_health(AgentStatus& status);

}  // namespace agent
