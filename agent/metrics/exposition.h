// SPDX-License-Identifier: Apache-2.0
// Metrics as text, for a program that collects files instead of asking the endpoint.
#pragma once

#include <string>
#include <vector>

#include "agent/metrics/metric.h"

namespace agent {

// Prometheus's text format 0.0.4.
std::string exposition_text(const std::vector<MetricFamily>& families);

}  // namespace agent
