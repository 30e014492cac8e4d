// SPDX-License-Identifier: Apache-2.0
// The status as JSON, schema 1: a public interface, documented field by field in agent/README.md.
// Fields may be added; none changes its meaning.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/status/agent_status.h"

namespace agent {

// One line, unless `indent` is given.
std::string status_to_json(const AgentStatus& status, int indent = -1);

// What the CLI reads back. Unknown fields are ignored, missing ones are at their default. Absent:
// the text is not a status of a schema that this program knows.
std::optional<AgentStatus> status_from_json(std::string_view text);

}  // namespace agent
