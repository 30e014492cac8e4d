// SPDX-License-Identifier: Apache-2.0
// What a metric is, without the library that serves it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent {

// A counter grows while the process lives and begins anew with it.
enum class MetricType { kCounter, kGauge };
std::string_view to_string(MetricType type);  // "counter", "gauge"

// Static: a metric that is not in a table does not exist. Names are a public interface.
struct MetricSpec {
  std::string_view name;  // unit in the name, _total on counters
  MetricType type;
  std::string_view labels;  // in the order of the samples', by space; empty: none
  std::string_view help;
};

struct MetricSample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

struct MetricFamily {
  MetricSpec spec;
  std::vector<MetricSample> samples;  // may be empty: what is not known is not told
};

}  // namespace agent
