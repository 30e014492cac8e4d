// SPDX-License-Identifier: Apache-2.0
#include "agent/metrics/exposition.h"

#include "agent/metrics/prometheus_cpp.h"

namespace agent {

std::vector<prometheus::MetricFamily> to_library(const std::vector<MetricFamily>& families) {
  std::vector<prometheus::MetricFamily> out;
  for (const MetricFamily& family : families) {
    if (family.samples.empty()) continue;
    prometheus::MetricFamily& one = out.emplace_back();
    one.name = family.spec.name;
    one.help = family.spec.help;
    const bool counts = family.spec.type == MetricType::kCounter;
    one.type = counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    for (const MetricSample& sample : family.samples) {
      prometheus::ClientMetric& metric = one.metric.emplace_back();
      for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
      (counts ? metric.counter.value : metric.gauge.value) = sample.value;
    }
  }
  return out;
}

std::string exposition_text(const std::vector<MetricFamily>& families) {
  return prometheus::TextSerializer().Serialize(to_library(families));
}

}  // namespace agent
