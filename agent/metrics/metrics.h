// SPDX-License-Identifier: Apache-2.0
// The status as metrics. Pure: the same status gives the same numbers, so the endpoint, the status
// document and `wattspool metrics` never disagree about one.
#pragma once

#include <string>
#include <vector>

#include "agent/metrics/metric.h"
#include "agent/status/agent_status.h"

namespace agent {

// All families that there are, also those without a sample at present. Labels have few values:
// instruments of the bench and words of this program, never a path or the text of an error.
std::vector<MetricFamily> metric_families(const AgentStatus& status);

// The documentation's table, in Markdown: one row per metric. A test compares it with the README.
std::string metrics_table_markdown();

}  // namespace agent
