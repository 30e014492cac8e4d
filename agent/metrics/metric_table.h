// SPDX-License-Identifier: Apache-2.0
// A table of metrics is a list of rows: what a metric is called, and how its value is read from
// a part of the status. For the files of this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/metrics/metric.h"
#include "agent/status/agent_status.h"

namespace agent {

// Absent: the status does not know it, and so there is no sample.
using MetricValue = std::optional<double>;

template <class Part>
struct MetricRow {
  MetricSpec spec;
  MetricValue (*value)(const Part& part);
};

// The part of the status that a row reads, with the labels that name it.
template <class Part>
using LabelledParts =
    std::vector<std::pair<std::vector<std::pair<std::string, std::string>>, const Part*>>;

template <class Part>
void append_families(std::vector<MetricFamily>& out, std::span<const MetricRow<Part>> rows,
                     const LabelledParts<Part>& parts) {
  for (const MetricRow<Part>& row : rows) {
    MetricFamily& family = out.emplace_back(MetricFamily{row.spec, {}});
    for (const auto& [labels, part] : parts) {
      if (const MetricValue value = row.value(*part)) family.samples.push_back({labels, *value});
    }
  }
}

template <class Number>
MetricValue number(Number value) {
  return static_cast<double>(value);
}

// Microseconds of UTC; 0 and absent: never.
inline MetricValue timestamp_seconds(std::optional<std::int64_t> utc_us) {
  if (!utc_us || *utc_us == 0) return std::nullopt;
  return static_cast<double>(*utc_us) / 1e6;
}

// One table each; the order is that of the exposition.
void append_agent_metrics(std::vector<MetricFamily>& out, const AgentStatus& status);
void append_instrument_metrics(std::vector<MetricFamily>& out, const AgentStatus& status);
void append_spool_metrics(std::vector<MetricFamily>& out, const AgentStatus& status);
void append_forward_metrics(std::vector<MetricFamily>& out, const AgentStatus& status);

}  // namespace agent
