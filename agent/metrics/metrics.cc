// SPDX-License-Identifier: Apache-2.0
#include "agent/metrics/metrics.h"

#include <spdlog/fmt/fmt.h>

#include "agent/metrics/metric_table.h"

namespace agent {

std::string_view to_string(MetricType type) {
  return type == MetricType::kCounter ? "counter" : "gauge";
}

std::vector<MetricFamily> metric_families(const AgentStatus& status) {
  std::vector<MetricFamily> families;
  append_agent_metrics(families, status);
  append_instrument_metrics(families, status);
  append_spool_metrics(families, status);
  append_forward_metrics(families, status);
  return families;
}

std::string metrics_table_markdown() {
  std::string out =
      "| metric | type | labels | meaning |\n"
      "|---|---|---|---|\n";
  for (const MetricFamily& family : metric_families({})) {
    const MetricSpec& spec = family.spec;
    out += fmt::format("| `{}` | {} | {} | {} |\n", spec.name, to_string(spec.type), spec.labels,
                       spec.help);
  }
  return out;
}

}  // namespace agent
