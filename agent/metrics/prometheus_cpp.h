// SPDX-License-Identifier: Apache-2.0
// The one place that includes prometheus-cpp. Only files of this folder include it. The library
// throws; nothing of that leaves the file that calls it.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <vector>

#include "agent/metrics/metric.h"

namespace agent {

// Families without a sample are left out.
std::vector<prometheus::MetricFamily> to_library(const std::vector<MetricFamily>& families);

}  // namespace agent
